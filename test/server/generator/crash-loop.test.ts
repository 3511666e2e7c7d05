import { describe, expect, test } from "bun:test"
import { MAX_LEAD_MS, VirtualNode } from "../../support/virtual-node.ts"
import { VirtualEnvironment, seededRandom } from "../../support/virtual-environment.ts"

const RESTARTS = 50
const LIFE_MS = 200

interface Trail {
  readonly refusals: Set<string>
  readonly leadMaxMs: number
}

/**
 * 50 crashes in 10 seconds.
 * @param serveMs what is asked of the node in each millisecond; returns what was refused
 */
function crashLoop(latencyMs: number, serveMs: (node: VirtualNode) => string | undefined): Trail {
  const node = new VirtualNode({ environment: new VirtualEnvironment() })
  const refusals = new Set<string>()
  let leadMaxMs = 0
  for (let restart = 0; restart < RESTARTS; restart++) {
    node.store.latency = latencyMs
    for (let ms = 0; ms < LIFE_MS; ms++) {
      node.environment.advance(1)
      const refused = serveMs(node)
      if (refused !== undefined) refusals.add(refused)
      node.begin()
      leadMaxMs = Math.max(leadMaxMs, node.generator.leadMs)
    }
    node.crash(restart % 2 === 0)
  }
  return { refusals, leadMaxMs }
}

function takeOne(node: VirtualNode): string | undefined {
  const outcome = node.take()
  return typeof outcome === "string" ? outcome : undefined
}

describe("50 crashes in 10 seconds", () => {
  test("with an id a millisecond refuse nobody and keep the time near the wall clock", () => {
    const { refusals, leadMaxMs } = crashLoop(1, takeOne)
    expect(refusals).toEqual(new Set())
    expect(leadMaxMs).toBeLessThan(4_000)
  })

  test("with an id now and then refuse nobody and keep the time near the wall clock", () => {
    const random = seededRandom(7)
    const serve = (node: VirtualNode): string | undefined => {
      return random() < 0.05 ? takeOne(node) : undefined
    }
    const { refusals, leadMaxMs } = crashLoop(1, serve)
    expect(refusals).toEqual(new Set())
    expect(leadMaxMs).toBeLessThan(4_000)
  })

  test.each([0, 5, 40])(
    "under all the load there can be, on a disk of %d ms, only make wait",
    (latencyMs) => {
      const serve = (node: VirtualNode): string | undefined => {
        return node.takeAll(4_096).end
      }
      const { refusals, leadMaxMs } = crashLoop(latencyMs, serve)
      expect(refusals).toEqual(new Set(["WAIT"]))
      expect(leadMaxMs).toBeLessThan(MAX_LEAD_MS)
    },
  )

  test("are forgotten once the node has run for as long as it was ahead", () => {
    const node = new VirtualNode()
    for (let restart = 0; restart < RESTARTS; restart++) {
      node.environment.advance(LIFE_MS)
      node.takeBlock()
      node.crash()
    }
    for (let ms = 0; ms < 4_000; ms++) {
      node.environment.advance(1)
      node.takeBlock()
    }
    expect(node.takeBlock().time).toBe(node.environment.time)
  })
})

test("50 clean restarts in a second do not take the time ahead at all", () => {
  const node = new VirtualNode()
  for (let restart = 0; restart < RESTARTS; restart++) {
    node.environment.advance(20)
    expect(node.takeBlock().time).toBe(node.environment.time)
    node.stopAndStart()
  }
})
