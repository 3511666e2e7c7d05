import { describe, expect, test } from "bun:test"
import { SIGNED_TIME_LIMIT, Status, TIME_MAX } from "../../../protocol/index.ts"
import { MemoryStore } from "../../support/memory-store.ts"
import { VirtualNode } from "../../support/virtual-node.ts"
import { SOME_TIME, VirtualEnvironment } from "../../support/virtual-environment.ts"

function nodeAt(time: number, mark = 0): VirtualNode {
  const environment = new VirtualEnvironment(time)
  return new VirtualNode({ environment, store: new MemoryStore(environment, mark) })
}

describe("a clean stop", () => {
  test("returns the last time plus one exactly", () => {
    const node = new VirtualNode()
    for (const ms of [1, 250, 3_000]) {
      node.environment.advance(ms)
      node.takeBlock()
    }
    expect(node.generator.stop()).toBe(node.environment.time + 1)
  })

  test("returns the time plus one of ids that ran ahead of the clock", () => {
    const node = new VirtualNode()
    const { blocks } = node.takeAll(4_096)
    expect(node.generator.stop()).toBe(blocks.at(-1)!.time + 1)
  })

  test("returns the same whether or not the time has moved on unused since", () => {
    const node = new VirtualNode()
    const { time } = node.takeBlock()
    node.environment.advance(500)
    node.begin()
    expect(node.generator.stop()).toBe(time + 1)
  })

  test("returns the mark it started from when no id was given out", () => {
    const node = nodeAt(SOME_TIME, SOME_TIME + 2_000)
    node.begin()
    expect(node.generator.stop()).toBe(SOME_TIME + 2_000)
  })

  test("returns the last time plus one while ids are refused for the clock", () => {
    const node = new VirtualNode()
    const { time } = node.takeBlock()
    node.environment.stepWall(-60_000)
    expect(node.take()).toBe("CLOCK_BEHIND")
    expect(node.generator.stop()).toBe(time + 1)
  })

  test("lets nothing be given out or reserved any more", () => {
    const node = new VirtualNode()
    node.takeBlock()
    node.generator.stop()
    for (const ms of [0, 1, 5_000]) {
      node.environment.advance(ms)
      expect(node.takeOnly()).toBe("NOT_READY")
      expect(node.take()).toBe("NOT_READY")
      expect(node.generator.refusal()).toBe(Status.NOT_READY)
    }
    expect(node.store.asked).toEqual([])
  })
})

describe("the ends of the format", () => {
  test("2^41 milliseconds is a time like any other", () => {
    const node = nodeAt(SIGNED_TIME_LIMIT - 1)
    const before = node.takeBlock()
    node.environment.advance(1)
    const after = node.takeBlock()
    expect([before.time, after.time]).toEqual([SIGNED_TIME_LIMIT - 1, SIGNED_TIME_LIMIT])
    expect(before.first).toBeLessThan(2n ** 63n)
    expect(after.first).toBeGreaterThanOrEqual(2n ** 63n)
  })

  test("the last millisecond is given out whole, and after it nothing ever again", () => {
    const node = nodeAt(TIME_MAX - 2)
    const { blocks, end } = node.takeAll(1)
    const last = blocks.at(-1)!
    expect([last.time, last.node, last.sequence]).toEqual([TIME_MAX, 7, 4_095])
    expect(last.first).toBe(2n ** 64n - 1n - (1_023n - 7n) * 4_096n)
    expect([end, node.generator.ended]).toEqual(["NOT_READY", true])
    for (const ms of [1, 1_000, 3_600_000]) {
      node.environment.advance(ms)
      expect(node.take()).toBe("NOT_READY")
    }
    expect(node.store.mark).toBe(TIME_MAX + 1)
    expect(node.store.asked).toEqual([])
  })

  test("a stop in the last millisecond leaves a mark that the next start refuses from", () => {
    const node = nodeAt(TIME_MAX)
    expect(node.takeBlock().time).toBe(TIME_MAX)
    node.stopAndStart()
    expect(node.store.mark).toBe(TIME_MAX + 1)
    expect(node.take()).toBe("NOT_READY")
    expect(node.generator.stop()).toBe(TIME_MAX + 1)
  })

  test("a wall clock past the end is refused, though there are times left: they have passed", () => {
    const node = nodeAt(TIME_MAX + 1_000, TIME_MAX - 3)
    expect(node.take()).toBe("NOT_READY")
    expect([node.generator.ended, node.store.mark]).toEqual([true, TIME_MAX + 1])
    expect(node.generator.stop()).toBe(TIME_MAX - 3)
  })
})

describe("a wall clock before the epoch", () => {
  test("by up to the lead gets ids from the epoch on", () => {
    const node = nodeAt(-5_000)
    expect(node.takeBlock()).toMatchObject({ time: 0, sequence: 0 })
    expect(node.takeAll(4_096).blocks.at(-1)!.time).toBe(9)
    node.environment.advance(5_100)
    expect(node.takeBlock().time).toBe(100)
  })

  test("by a little gets ids from the epoch on, too", () => {
    const node = nodeAt(-3)
    expect(node.takeBlock()).toMatchObject({ time: 0, sequence: 0 })
  })

  test("by more is answered CLOCK_BEHIND until it is within the lead", () => {
    const node = nodeAt(-60_000)
    expect(node.take()).toBe("CLOCK_BEHIND")
    expect(node.generator.refusalDetail).toBe(49_999)
    node.environment.advance(50_000)
    expect(node.takeBlock().time).toBe(0)
  })
})
