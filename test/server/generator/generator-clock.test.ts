import { describe, expect, test } from "bun:test"
import { BURST_MS } from "../../../server/generator/generator.ts"
import { MemoryStore } from "../../support/memory-store.ts"
import { MAX_LEAD_MS, VirtualNode } from "../../support/virtual-node.ts"
import type { Block } from "../../support/virtual-node.ts"
import { SOME_TIME, VirtualEnvironment } from "../../support/virtual-environment.ts"

const IDS_PER_MS = 4_096

/** A node that has given out enough in its millisecond for the next one to start at sequence 0. */
function busyNode(): VirtualNode {
  const node = new VirtualNode()
  node.takeBlock(3_000)
  node.environment.advance(5)
  return node
}

function nodeWithMark(mark: number, wall = SOME_TIME): VirtualNode {
  const environment = new VirtualEnvironment(wall)
  return new VirtualNode({ environment, store: new MemoryStore(environment, mark) })
}

function times(blocks: readonly Block[]): number[] {
  return [...new Set(blocks.map(({ time }) => time))]
}

function span(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i)
}

describe("the time of an id", () => {
  test("follows the wall clock forward", () => {
    const node = new VirtualNode()
    for (const ms of [0, 1, 1, 7, 250, 1_999, 60_000, 3_600_000]) {
      node.environment.advance(ms)
      node.begin()
      expect(node.takeBlock().time).toBe(node.environment.time)
    }
  })

  test("stands while the wall clock stands, and ids count up", () => {
    const node = new VirtualNode()
    const first = node.takeBlock()
    expect(node.takeBlock(10)).toMatchObject({ time: first.time, sequence: first.sequence + 1 })
    expect(node.takeBlock().sequence).toBe(first.sequence + 11)
  })

  test("stands when the wall clock steps back, until its millisecond is used up", () => {
    const node = busyNode()
    const { time } = node.takeBlock()
    node.environment.stepWall(-5_000)
    expect(node.takeBlock(4_094)).toMatchObject({ time, sequence: 1 })
    node.environment.advance(1_000)
    expect(node.takeBlock()).toMatchObject({ time, sequence: 4_095 })
    expect(node.takeBlock()).toMatchObject({ time: time + 1, sequence: 0 })
  })

  test("is the wall clock's again once that has caught up", () => {
    const node = new VirtualNode()
    node.takeBlock()
    node.environment.stepWall(-5_000)
    node.takeBlock()
    node.environment.advance(5_001)
    expect(node.takeBlock().time).toBe(node.environment.time)
  })
})

describe("a burst", () => {
  test("gets exactly 11 milliseconds of ids from a clock that stands, then waits", () => {
    const node = busyNode()
    const { blocks, end } = node.takeAll(1)
    expect(blocks.length).toBe(11 * IDS_PER_MS)
    expect(times(blocks)).toEqual(span(node.environment.time, 11))
    expect(blocks.at(-1)!.last - blocks[0]!.first).toBe(BigInt(10 * 2 ** 22 + 4_095))
    expect([end, node.generator.waitMs]).toEqual(["WAIT", 1])
  })

  test("goes on by one millisecond of ids for each that the clock moves", () => {
    const node = busyNode()
    node.takeAll(1)
    for (const ms of [1, 2, 7]) {
      node.environment.advance(ms)
      const { blocks, end } = node.takeAll(1)
      expect([blocks.length, end]).toEqual([ms * IDS_PER_MS, "WAIT"])
    }
  })

  test("of blocks that leave a rest ends the same, each in a millisecond of its own", () => {
    const node = busyNode()
    const { blocks } = node.takeAll(2_049)
    expect(times(blocks)).toEqual(span(node.environment.time, 11))
    expect(blocks.every(({ sequence }) => sequence === 0)).toBe(true)
  })

  test("may use what is left of a millisecond while a larger block has to wait", () => {
    const node = busyNode()
    node.takeAll(4_000)
    expect(node.take(97)).toBe("WAIT")
    expect(node.take(96)).toMatchObject({ sequence: 4_000 })
  })

  test("with the clock set back gets its 11 milliseconds, then what the monotonic clock gives", () => {
    const node = busyNode()
    const start = node.environment.time
    node.takeBlock()
    node.environment.stepWall(-5_000)
    expect(times(node.takeAll(1).blocks)).toEqual(span(start, 11))
    expect([node.takeAll(1).end, node.generator.waitMs]).toEqual(["WAIT", 1])
    node.environment.advance(3)
    expect(times(node.takeAll(1).blocks)).toEqual(span(start + 11, 3))
    node.environment.advance(0.5)
    expect(node.takeAll(1).blocks).toEqual([])
    node.environment.advance(0.5)
    expect(times(node.takeAll(1).blocks)).toEqual(span(start + 14, 1))
  })

  test("does not save up the time it stood while the clock was set back", () => {
    const node = busyNode()
    const { time } = node.takeBlock()
    node.environment.stepWall(-9_000)
    node.begin()
    node.environment.advance(4_000)
    expect(times(node.takeAll(1).blocks)).toEqual(span(time, 1 + BURST_MS))
  })

  test("is no longer after the clock was an hour ahead while nothing was stored", () => {
    const node = busyNode()
    node.store.latency = "hangs"
    const { time } = node.takeBlock()
    node.environment.stepWall(3_600_000)
    node.begin()
    node.store.settle()
    node.environment.stepWall(-3_600_100)
    expect(times(node.takeAll(4_096).blocks)).toEqual(span(time + 1, BURST_MS))
  })
})

describe("at start the first time", () => {
  test("is the wall clock's when the mark is behind it", () => {
    expect(nodeWithMark(SOME_TIME - 1).takeBlock().time).toBe(SOME_TIME)
    expect(nodeWithMark(SOME_TIME).takeBlock().time).toBe(SOME_TIME)
  })

  test.each([1, 5, BURST_MS, BURST_MS + 2, 3_000, MAX_LEAD_MS])(
    "is the mark, at once, when that is %d ms ahead",
    (lead) => {
      const mark = SOME_TIME + lead
      expect(nodeWithMark(mark).takeBlock()).toMatchObject({ time: mark, sequence: 0 })
    },
  )

  test("is the mark, a millisecond later, when that is just past a burst", () => {
    const node = nodeWithMark(SOME_TIME + BURST_MS + 1)
    expect(node.take()).toBe("WAIT")
    node.environment.advance(node.generator.waitMs)
    expect(node.takeBlock()).toMatchObject({ time: SOME_TIME + BURST_MS + 1, sequence: 0 })
  })

  test("is the mark that a clean stop left, and no later", () => {
    const node = new VirtualNode()
    const { time } = node.takeBlock()
    node.stopAndStart()
    expect(node.takeBlock().time).toBe(time + 1)
  })

  test("is the mark that was stored last when the process was killed", () => {
    const node = new VirtualNode()
    node.takeBlock()
    const { mark } = node.store
    node.crash()
    expect(mark).toBe(SOME_TIME + 3_000)
    expect(node.takeBlock().time).toBe(mark)
  })
})
