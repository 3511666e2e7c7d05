import { describe, expect, test } from "bun:test"
import { TIME_MAX } from "../../protocol/index.ts"
import { READY, readinessOf } from "../../server/readiness.ts"
import type { ReadinessSources } from "../../server/readiness.ts"
import { MemoryStore } from "../support/memory-store.ts"
import { SOME_TIME, VirtualEnvironment } from "../support/virtual-environment.ts"
import { MAX_LEAD_MS, VirtualNode } from "../support/virtual-node.ts"

const NO_FAULT = { fault: undefined }
const FAULT = { fault: "another process answers at 127.0.0.1:1" }

function sources(node: VirtualNode, others: Partial<ReadinessSources> = {}): ReadinessSources {
  const parts = {
    reservation: { lost: undefined },
    membership: NO_FAULT,
    clockWatch: { unready: undefined },
  }
  return { isStopping: false, ...parts, generator: node.generator, ...others }
}

/** Its clock is that far behind the mark it found. */
function nodeAhead(leadMs: number): VirtualNode {
  const environment = new VirtualEnvironment()
  return new VirtualNode({ environment, store: new MemoryStore(environment, SOME_TIME + leadMs) })
}

describe("a node is ready", () => {
  test("when nothing is in the way", () => {
    expect(readinessOf(sources(new VirtualNode()))).toBe(READY)
  })

  test("again when its clock has caught up", () => {
    const node = nodeAhead(MAX_LEAD_MS + 5_000)
    expect(readinessOf(sources(node))).not.toBe(READY)
    node.environment.advance(5_000)
    expect(readinessOf(sources(node))).toBe(READY)
  })
})

describe("a node is not ready", () => {
  test("while its clock is too far behind, and tells when it will be", () => {
    const lead = MAX_LEAD_MS + 4_999
    expect(readinessOf(sources(nodeAhead(lead + 1)))).toEqual({
      reason: `CLOCK_BEHIND: the clock is ${lead} ms behind the last id; ids are back in 4999 ms`,
      retryAfterMs: 4_999,
    })
  })

  test("while its mark cannot be stored and the last one is used up", () => {
    const node = new VirtualNode()
    node.takeBlock()
    node.store.failure = new Error("the disk is full")
    node.environment.advance(10_000)
    node.takeAll(4_096)
    expect(readinessOf(sources(node))).toEqual({
      reason: "NOT_READY: the mark cannot be stored: ids would be 7001 ms behind the clock",
      retryAfterMs: 0,
    })
  })

  test("once the format has no later time", () => {
    const environment = new VirtualEnvironment(TIME_MAX)
    const node = new VirtualNode({ environment })
    node.takeAll(4_096)
    expect(readinessOf(sources(node))).toEqual({
      reason: "NOT_READY: the time field is used up",
      retryAfterMs: 0,
    })
  })

  test("while another process has its id", () => {
    expect(readinessOf(sources(new VirtualNode(), { membership: FAULT }))).toEqual({
      reason: "duplicate node id: another process answers at 127.0.0.1:1",
      retryAfterMs: 0,
    })
  })

  test("from when its node id is another process's, before anything else that is the matter", () => {
    const lost = { reservation: { lost: "taken over" }, membership: FAULT }
    expect(readinessOf(sources(new VirtualNode(), lost))).toEqual({
      reason: "identity lost: taken over",
      retryAfterMs: 0,
    })
  })

  test("once it stops", () => {
    expect(readinessOf(sources(new VirtualNode(), { isStopping: true }))).toEqual({
      reason: "NOT_READY: this node is stopping",
      retryAfterMs: 0,
    })
  })
})

test("of several reasons the one is told that waiting helps least", () => {
  const generator = nodeAhead(60_000)
  const reason = (others: Partial<ReadinessSources>): unknown =>
    readinessOf(sources(generator, others))
  expect(reason({})).toMatchObject({ reason: expect.stringMatching(/^CLOCK_BEHIND/) })
  expect(reason({ membership: FAULT })).toMatchObject({
    reason: expect.stringMatching(/^duplicate node id/),
  })
  expect(reason({ membership: FAULT, isStopping: true })).toMatchObject({
    reason: expect.stringMatching(/is stopping$/),
  })
})
