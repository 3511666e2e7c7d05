import { describe, expect, test } from "bun:test"
import { Status } from "../../../protocol/index.ts"
import { MemoryStore } from "../../support/memory-store.ts"
import { MAX_LEAD_MS, VirtualNode } from "../../support/virtual-node.ts"
import { SOME_TIME, VirtualEnvironment } from "../../support/virtual-environment.ts"

function nodeAhead(leadMs: number, maxLeadMs = MAX_LEAD_MS): VirtualNode {
  const environment = new VirtualEnvironment()
  const store = new MemoryStore(environment, SOME_TIME + leadMs)
  return new VirtualNode({ environment, store, maxLeadMs })
}

/** What a client sees at so many requests a millisecond, one at a time, for `ms`. */
function serve(node: VirtualNode, ms: number, perMs: number, count = 1): Record<string, number> {
  const seen: Record<string, number> = { OK: 0, WAIT: 0, CLOCK_BEHIND: 0, NOT_READY: 0 }
  for (let i = 0; i < ms * perMs; i++) {
    node.environment.advance(1 / perMs)
    const outcome = node.take(count)
    seen[typeof outcome === "string" ? outcome : "OK"]! += 1
  }
  return seen
}

describe("a mark further ahead than permitted", () => {
  test("is answered CLOCK_BEHIND with the milliseconds that are left", () => {
    const node = nodeAhead(MAX_LEAD_MS + 5_000)
    for (const passed of [0, 1, 999, 3_000]) {
      node.environment.advance(passed)
      const left = node.store.mark - 100 - 1 - node.environment.time - MAX_LEAD_MS
      expect(node.take()).toBe("CLOCK_BEHIND")
      expect(node.generator.refusalDetail).toBe(left)
      expect(node.generator.refusal()).toBe(Status.CLOCK_BEHIND)
    }
  })

  test("is served again, from the mark on, once the clock has caught up", () => {
    const mark = SOME_TIME + MAX_LEAD_MS + 5_000
    const node = nodeAhead(MAX_LEAD_MS + 5_000)
    node.environment.advance(4_998)
    expect(node.take()).toBe("CLOCK_BEHIND")
    expect(node.generator.refusalDetail).toBe(1)
    node.environment.advance(1)
    expect(node.generator.refusal()).toBe(Status.OK)
    expect(node.take()).toBe("WAIT")
    expect(node.generator.waitMs).toBe(1)
    node.environment.advance(1)
    expect(node.takeBlock()).toMatchObject({ time: mark, sequence: 0 })
  })

  test("is served again at once when the wall clock is set right", () => {
    const node = nodeAhead(60_000)
    expect(node.take()).toBe("CLOCK_BEHIND")
    node.environment.stepWall(50_000)
    expect(node.takeBlock().time).toBe(SOME_TIME + 60_000)
    node.environment.stepWall(19_000)
    expect(node.takeBlock().time).toBe(SOME_TIME + 69_000)
  })

  test("with no lead permitted is refused until the time is within a burst", () => {
    const node = nodeAhead(500, 0)
    expect(node.take()).toBe("CLOCK_BEHIND")
    node.environment.advance(490)
    expect(node.takeBlock().time).toBe(SOME_TIME + 500)
  })
})

describe("a running clock", () => {
  test("that steps back by more than the limit is answered CLOCK_BEHIND until it is within", () => {
    const node = new VirtualNode()
    const { last, time } = node.takeBlock()
    node.environment.stepWall(-MAX_LEAD_MS - 2_000)
    expect(node.take()).toBe("CLOCK_BEHIND")
    expect(node.generator.refusalDetail).toBe(2_000)
    node.environment.advance(1_999)
    expect(node.take()).toBe("CLOCK_BEHIND")
    node.environment.advance(1)
    expect(node.takeBlock()).toMatchObject({ first: last + 1n, time })
  })

  test("that steps back by the limit exactly is served", () => {
    const node = new VirtualNode()
    const { last } = node.takeBlock()
    node.environment.stepWall(-MAX_LEAD_MS)
    expect(node.takeBlock().first).toBe(last + 1n)
  })

  test("that steps back by hours and forward again loses no time", () => {
    const node = new VirtualNode()
    node.takeBlock()
    node.environment.stepWall(-7_200_000)
    expect(node.take()).toBe("CLOCK_BEHIND")
    node.environment.stepWall(7_200_001)
    expect(node.takeBlock().time).toBe(SOME_TIME + 1)
  })
})

describe("after the clock has caught up", () => {
  test.each([1, 2, 5, 50])("nobody is refused at %d requests a millisecond", (perMs) => {
    const node = nodeAhead(MAX_LEAD_MS + 50)
    serve(node, 49, perMs)
    const seen = serve(node, 500, perMs)
    expect(seen).toMatchObject({ CLOCK_BEHIND: 0, NOT_READY: 0 })
    // Only the first milliseconds have none to give.
    expect(seen["WAIT"]).toBeLessThanOrEqual(2 * perMs)
    expect(node.generator.leadMs).toBeLessThan(MAX_LEAD_MS - 400)
  })

  test("a load of every id there is has to wait, and is not refused", () => {
    const node = nodeAhead(MAX_LEAD_MS + 50)
    serve(node, 50, 4, 4_096)
    const seen = serve(node, 500, 4, 4_096)
    expect(seen).toEqual({ OK: 500, WAIT: 1_500, CLOCK_BEHIND: 0, NOT_READY: 0 })
    expect(node.generator.leadMs).toBeLessThanOrEqual(MAX_LEAD_MS)
  })
})
