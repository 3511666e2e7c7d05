import { describe, expect, test } from "bun:test"
import { StoreError } from "../../../server/storage/errors.ts"
import { SharedRecords, inEveryOrder } from "../../support/shared-records.ts"
import type { OwnedProcess } from "../../support/shared-records.ts"

/** Runs processes in every order of their steps, with another one that has stored a mark before. */
function explore(start: (shared: SharedRecords, before: OwnedProcess) => OwnedProcess[]): number {
  let shared = new SharedRecords()
  return inEveryOrder(
    () => {
      shared = new SharedRecords()
      const before = shared.start(3)
      while (before.bound === 0) before.goOn()
      return start(shared, before)
    },
    () => {
      if (shared.conflict !== undefined) throw new Error(shared.conflict)
      if (shared.owner?.error !== undefined) throw new Error(`the last to claim: ${shared.owner}`)
    },
  )
}

function isLost({ error }: OwnedProcess): boolean {
  return error instanceof StoreError && error.fault === "LOST"
}

describe("one process after another", () => {
  test("begins at the mark of the one before, and alone leaves a mark behind", () => {
    const shared = new SharedRecords()
    for (let number = 1; number <= 3; number++) {
      const process = shared.start(2)
      process.goOnToTheEnd()
      expect([process.error, process.begin]).toEqual([undefined, (number - 1) * 20])
      expect([shared.mark, shared.marks.size]).toEqual([number * 20, 1])
    }
  })

  test("keeps what its predecessor stored until its own first mark is there", () => {
    const shared = new SharedRecords()
    const first = shared.start(2)
    first.goOnToTheEnd()
    const second = shared.start(1)
    while (!shared.marks.has(second)) {
      expect(shared.mark).toBe(20)
      second.goOn()
    }
    second.goOnToTheEnd()
    expect([...shared.marks]).toEqual([[second, 30]])
  })
})

test("a process that another one took over from stores nothing more, and says so", () => {
  const shared = new SharedRecords()
  const older = shared.start(3)
  while (older.bound === 0) older.goOn()
  const newer = shared.start(1)
  newer.goOnToTheEnd()
  older.goOnToTheEnd()
  expect(isLost(older)).toBe(true)
  expect((older.error as Error).message).toBe(`${newer}`)
  expect([older.bound, [...shared.marks]]).toEqual([10, [[newer, 20]]])
})

describe("in every order of their steps no id is given out twice, not after a power cut either,", () => {
  test("by a process and one that takes over from it", () => {
    const orders = explore((shared, before) => [before, shared.start(2)])
    expect(orders).toBeGreaterThan(100)
  })

  test("by two that take over at the same time", () => {
    const orders = explore((shared) => [shared.start(3), shared.start(3)])
    expect(orders).toBeGreaterThan(400)
  })

  test("by a process and two that take over from it", () => {
    const orders = explore((shared, before) => [before, shared.start(1), shared.start(1)])
    expect(orders).toBeGreaterThan(10_000)
  })
})
