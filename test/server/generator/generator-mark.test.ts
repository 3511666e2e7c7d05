import { describe, expect, test } from "bun:test"
import { Status } from "../../../protocol/index.ts"
import { MAX_LAG_MS, VirtualNode } from "../../support/virtual-node.ts"
import { SOME_TIME } from "../../support/virtual-environment.ts"

/** A node that has begun to give out ids, with a write that its clock calls for on its way. */
function nodeWithWriteUnderWay(): VirtualNode {
  const node = new VirtualNode()
  node.store.latency = "hangs"
  node.takeBlock()
  node.environment.advance(1_001)
  node.takeBlock()
  expect(node.store.isWriting).toBe(true)
  return node
}

describe("the mark", () => {
  test("is 3,000 ms ahead at the start, and extended to that when less than 2,000 are left", () => {
    const node = new VirtualNode()
    expect(node.store.mark).toBe(SOME_TIME + 3_000)
    node.environment.advance(1_000)
    node.takeBlock()
    expect(node.store.asked).toEqual([])
    node.environment.advance(1)
    node.takeBlock()
    expect(node.store.asked).toEqual([SOME_TIME + 1_001 + 3_000])
    expect(node.store.mark).toBe(SOME_TIME + 4_001)
  })

  test("is extended while nobody asks for ids, as long as somebody looks", () => {
    const node = new VirtualNode()
    for (let i = 0; i < 40; i++) {
      node.environment.advance(250)
      expect(node.generator.refusal()).toBe(Status.OK)
      expect(node.store.mark - node.environment.time).toBeGreaterThanOrEqual(2_000)
    }
    expect(node.store.asked.length).toBe(8)
  })

  test("counts only once its write is done: ids stop right below the old one", () => {
    const node = nodeWithWriteUnderWay()
    const old = node.store.mark
    node.environment.time = old - 2
    const { blocks, end } = node.takeAll(4_096)
    expect(end).toBe("WAIT")
    expect(blocks.at(-1)!.time).toBe(old - 1)
    expect(node.store.isWriting).toBe(true)
    node.store.settle()
    expect(node.takeBlock(4_096).time).toBe(old)
  })
})

describe("a wall clock that jumps past the mark", () => {
  /** By more than ids may lag, and by less than a leap that has to be confirmed. */
  const JUMP_MS = 9_000

  test("makes wait while a later one is being stored, and no request fails", () => {
    const node = new VirtualNode()
    const before = node.takeBlock()
    node.store.latency = 8
    node.environment.stepWall(JUMP_MS)
    for (let ms = 0; ms < 8; ms++) {
      expect(node.take()).toBe("WAIT")
      expect(node.generator.mustWait(1)).toBe(true)
      expect(node.generator.refusal()).toBe(Status.OK)
      node.environment.advance(1)
    }
    expect(node.takeBlock()).toMatchObject({ time: before.time + JUMP_MS + 8 })
    expect(node.events).toEqual([])
  })

  test("lets ids go on below it when they may lag as much", () => {
    const node = new VirtualNode({ maxLagMs: JUMP_MS + 8 })
    const before = node.takeBlock()
    const { mark } = node.store
    node.store.latency = 8
    node.environment.stepWall(JUMP_MS)
    for (let ms = 0; ms < 8; ms++) {
      const { first, time } = node.takeBlock()
      expect(first).toBeGreaterThan(before.last)
      expect(time).toBeLessThan(mark)
      node.environment.advance(1)
    }
    expect(node.takeBlock().time).toBe(node.environment.time)
  })

  test("lets even every id below it go out then, and makes wait after that", () => {
    const node = new VirtualNode({ maxLagMs: JUMP_MS + 100 })
    const { time } = node.takeBlock()
    const { mark } = node.store
    node.store.latency = 8
    node.environment.stepWall(JUMP_MS)
    const { blocks, end } = node.takeAll(4_096)
    expect([blocks.length, end]).toEqual([mark - 1 - time, "WAIT"])
    expect(node.generator.waitMs).toBe(5)
    node.environment.advance(5)
    expect(node.take()).toBe("WAIT")
    node.environment.advance(5)
    expect(node.takeBlock().time).toBe(node.environment.time)
  })

  test("does so at the limit, and not a millisecond past it", () => {
    for (const [lagMs, outcome] of [
      [MAX_LAG_MS, "OK"],
      [MAX_LAG_MS + 1, "WAIT"],
    ] as const) {
      const node = new VirtualNode()
      // Close below the mark, so that the lag is that of the last id there is.
      node.store.latency = "hangs"
      node.environment.time = node.store.mark - 1
      node.takeBlock()
      node.environment.stepWall(lagMs)
      expect(typeof node.take() === "string" ? "WAIT" : "OK").toBe(outcome)
    }
  })

  test("is answered NOT_READY at once while the store fails, and until a mark is stored", () => {
    const node = new VirtualNode()
    node.takeBlock()
    node.store.failure = new Error("disk full")
    node.environment.stepWall(JUMP_MS)
    expect(node.take()).toBe("NOT_READY")
    expect(node.generator.lagMs).toBe(JUMP_MS - 3_000 + 1)
    node.store.failure = undefined
    node.environment.advance(500)
    expect(node.takeBlock().time).toBe(node.environment.time)
    expect(node.generator.lagMs).toBe(0)
  })
})

describe("at 10 requests a second", () => {
  test.each(["at once", "hangs"] as const)(
    "a store that fails, or hangs, stops the ids at the mark, and no id is behind the clock: %s",
    (latency) => {
      const node = new VirtualNode()
      const { mark } = node.store
      node.store.latency = latency
      node.store.failure = new Error("gone")
      const outcomes = Array.from({ length: 600 }, () => {
        node.environment.advance(100)
        const outcome = node.take()
        if (typeof outcome !== "string") expect(outcome.time).toBe(node.environment.time)
        return typeof outcome === "string" ? outcome : "OK"
      })
      const given = outcomes.filter((outcome) => outcome === "OK").length
      expect(given).toBe((mark - SOME_TIME) / 100 - 1)
      expect(outcomes.slice(given)).toEqual(Array(600 - given).fill("NOT_READY"))
      node.store.failure = undefined
      node.store.settle()
      node.store.latency = "at once"
      node.environment.advance(500)
      expect(node.takeBlock().time).toBe(node.environment.time)
    },
  )
})

describe("a store that fails", () => {
  test("lets ids go on up to the mark; then they are refused, and it is said once", () => {
    const node = new VirtualNode()
    const { mark } = node.store
    node.store.failure = new Error("disk full")
    while (node.environment.time < mark - 1) {
      node.environment.advance(7)
      if (node.environment.time < mark) expect(node.takeBlock().time).toBe(node.environment.time)
    }
    const { blocks, end } = node.takeAll(4_096)
    expect(blocks.every(({ time }) => time < mark)).toBe(true)
    expect([end, node.generator.refusalDetail]).toEqual(["NOT_READY", 0])
    expect(node.generator.refusal()).toBe(Status.NOT_READY)
    for (let i = 0; i < 100; i++) {
      node.environment.advance(100)
      expect(node.take()).toBe("NOT_READY")
    }
    expect(node.events).toEqual(["failed: disk full"])
  })

  test("recovers by itself, and says so", () => {
    const node = new VirtualNode()
    node.takeBlock()
    node.store.failure = new Error("disk full")
    node.environment.advance(5_000)
    node.takeAll(4_096)
    expect(node.take()).toBe("NOT_READY")
    node.store.failure = undefined
    node.environment.advance(500)
    expect(node.takeBlock().time).toBe(node.environment.time)
    expect(node.events).toEqual(["failed: disk full", "recovered"])
    node.store.failure = new Error("disk gone")
    node.environment.advance(3_001)
    node.take()
    expect(node.events.slice(2)).toEqual(["failed: disk gone"])
  })

  test("is left alone for half a second after each failure", () => {
    const node = new VirtualNode()
    node.store.failure = new Error("disk full")
    node.environment.advance(2_000)
    for (let ms = 0; ms <= 2_000; ms++) {
      node.take()
      node.environment.advance(1)
    }
    expect(node.store.asked.length).toBe(5)
  })
})

describe("a write that hangs", () => {
  test("makes wait for as long as the patience lasts, and is refused after that", () => {
    const node = nodeWithWriteUnderWay()
    node.environment.stepWall(8_000)
    node.takeAll(4_096)
    node.environment.advance(1_000)
    expect(node.take()).toBe("WAIT")
    expect(node.generator.refusal()).toBe(Status.OK)
    node.environment.advance(1)
    expect(node.take()).toBe("NOT_READY")
    expect(node.generator.refusal()).toBe(Status.NOT_READY)
  })

  test("does not keep ids below the mark back", () => {
    const node = nodeWithWriteUnderWay()
    node.environment.advance(1_900)
    expect(node.generator.refusal()).toBe(Status.OK)
    expect(node.takeBlock().time).toBe(node.environment.time)
  })

  test("that ends after all brings the ids back, and a further mark is written at once", () => {
    const node = nodeWithWriteUnderWay()
    const [underWay] = node.store.asked
    node.environment.advance(10_000)
    node.takeAll(4_096)
    expect(node.take()).toBe("NOT_READY")
    node.store.latency = "at once"
    node.store.settle()
    expect(node.store.mark).toBe(underWay!)
    expect(node.takeBlock().time).toBe(node.environment.time)
    expect(node.store.mark).toBe(node.environment.time + 3_000)
  })
})
