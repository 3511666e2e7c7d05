import { describe, expect, test } from "bun:test"
import { Status, TIME_MAX, highHalf, idHigh, idLowBase, lowHalf } from "../../../protocol/index.ts"
import { AnswerCheck, ID_AHEAD_MAX_MS, refusalFault } from "../../../server/peers/answer-check.ts"

const NODE = 3
const CLOCK_MS = 5_000_000

/** A check of a peer whose clock showed `CLOCK_MS` at 100 of ours. */
class Checked {
  readonly check: AnswerCheck = new AnswerCheck(NODE)
  nowMs = 100
  clockReads = 0

  constructor() {
    this.check.setClock(CLOCK_MS, 100)
  }

  fault(time: number, sequence: number, count = 1, node = NODE): string | undefined {
    const now = (): number => {
      this.clockReads++
      return this.nowMs
    }
    return this.check.idFault(idHigh(time), idLowBase(time, node) + sequence, count, now)
  }
}

describe("ids along a link", () => {
  test("are right while they increase, however little", () => {
    const checked = new Checked()
    for (const [time, sequence, count] of [
      [10, 0, 1],
      [10, 1, 100],
      [10, 101, 3_995],
      [11, 0, 4_096],
      [1_023, 5, 1],
      [1_024, 0, 1],
      [900_000, 7, 1],
    ] as const) {
      expect(checked.fault(time, sequence, count)).toBeUndefined()
    }
  })

  test.each([
    ["the same block", 10, 5],
    ["the last id of a block", 10, 14],
    ["the sequence going back", 10, 4],
    ["a millisecond before", 9, 4_000],
  ])("with %s again are repeated", (_, time, sequence) => {
    const checked = new Checked()
    expect(checked.fault(10, 5, 10)).toBeUndefined()
    expect(checked.fault(time, sequence)).toBe("it repeats ids")
    expect(checked.fault(10, 15)).toBeUndefined()
  })

  test("across the halves are compared by both of them", () => {
    const checked = new Checked()
    expect(checked.fault(1_024, 0)).toBeUndefined()
    expect(checked.fault(1_023, 4_095)).toBe("it repeats ids")
  })

  test("of which a block goes past its millisecond carry", () => {
    const checked = new Checked()
    expect(checked.fault(10, 4_095, 2)).toBe("it gives blocks that carry")
    expect(checked.fault(10, 1, 4_096)).toBe("it gives blocks that carry")
    expect(checked.fault(10, 0, 4_096)).toBeUndefined()
  })

  test("of another node are not its own", () => {
    const checked = new Checked()
    expect(checked.fault(10, 0, 1, 4)).toBe("it answered with an id that is not its own")
  })

  test("may be ahead of its clock by so much, and that moves with time", () => {
    const checked = new Checked()
    const last = CLOCK_MS + ID_AHEAD_MAX_MS
    expect(checked.fault(last, 0)).toBeUndefined()
    expect(checked.fault(last + 1, 0)).toBe("it gives ids of the future")
    checked.nowMs += 1
    expect(checked.fault(last + 1, 0)).toBeUndefined()
    expect(checked.fault(TIME_MAX, 0)).toBe("it gives ids of the future")
    checked.check.setClock(TIME_MAX, 0)
    expect(checked.fault(TIME_MAX, 0)).toBeUndefined()
  })

  test("are all of the future before its clock is known, or when that is before the epoch", () => {
    const unknown = new AnswerCheck(NODE)
    const future = "it gives ids of the future"
    expect(unknown.idFault(0, idLowBase(1, NODE), 1, () => 0)).toBe(future)
    const checked = new Checked()
    checked.check.setClock(-2 * ID_AHEAD_MAX_MS, 0)
    expect(checked.fault(1, 0)).toBe(future)
  })

  test("cost a clock read only when they are further ahead than any before", () => {
    const checked = new Checked()
    for (let time = 1; time < 10_000; time++) checked.fault(time, 0)
    expect(checked.clockReads).toBe(1)
  })
})

describe("a refusal", () => {
  test.each([
    [Status.BAD_REQUEST, 7],
    [Status.UNKNOWN_NODE, 1_023],
    [Status.NODE_DOWN, 1_023],
    [Status.WRONG_NODE, 1_023],
    [Status.TIMEOUT, 86_400_000],
    [Status.OVERLOADED, 86_400_000],
    [Status.NOT_READY, 86_400_000],
    [Status.CLOCK_BEHIND, TIME_MAX],
  ])("with status %i makes sense up to the detail %i", (status, most) => {
    const fault = (detail: number): string | undefined =>
      refusalFault(status, highHalf(detail), lowHalf(detail))
    expect([fault(0), fault(most)]).toEqual([undefined, undefined])
    expect(fault(most + 1)).toBe(
      `it refuses with status ${status} and detail ${most + 1}, which makes no sense`,
    )
    expect(refusalFault(status, 0xffff_ffff, 0xffff_ffff)).toContain("makes no sense")
  })
})
