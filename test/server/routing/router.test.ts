import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { FLAG_FORWARDED, Op, Status } from "../../../protocol/index.ts"
import { Outcome } from "../../../server/exchange.ts"
import { FairQueue } from "../../../server/generator/fair-queue.ts"
import { noPeers } from "../../../server/routing/peer-directory.ts"
import { rendezvousOwner } from "../../../server/routing/rendezvous.ts"
import { Router } from "../../../server/routing/router.ts"
import { ClusterServer, OneAsker } from "../../support/cluster-server.ts"
import { FakeServer } from "../../support/fake-client.ts"
import { nodeOfId, peerAddress } from "../../support/fake-peer.ts"
import { NODE_ID } from "../../support/virtual-node.ts"

/** The node whose id was the answer, or the status. */
function outcome({ answer }: OneAsker): string {
  if (answer === undefined) return "nothing yet"
  return answer.status === Status.OK ? `node ${nodeOfId(answer.value)}` : `status ${answer.status}`
}

/** A key that the node owns, as long as all the nodes of the server live. */
function keyOf(server: ClusterServer, nodeId: number): number {
  for (let key = 0; ; key++) if (rendezvousOwner(key, server.peerSet.live) === nodeId) return key
}

describe("the node that answers", () => {
  const cases: [string, (server: ClusterServer) => OneAsker, string][] = [
    ["LOCAL is this one", (server) => server.route(Op.LOCAL), "node 7"],
    ["NODE of this one is this one", (server) => server.route(Op.NODE, NODE_ID), "node 7"],
    ["NODE of a peer is that peer", (server) => server.route(Op.NODE, 2), "node 2"],
    ["KEY is the key's owner", (server) => server.route(Op.KEY, keyOf(server, 3)), "node 3"],
    [
      "KEY of our own is this one",
      (server) => server.route(Op.KEY, keyOf(server, NODE_ID)),
      "node 7",
    ],
    [
      "NODE that is not listed is none",
      (server) => server.route(Op.NODE, 9),
      `status ${Status.UNKNOWN_NODE}`,
    ],
    [
      "NODE that cannot be is none",
      (server) => server.route(Op.NODE, 0xffff_ffff),
      `status ${Status.UNKNOWN_NODE}`,
    ],
    [
      "a forwarded NODE for a peer is none",
      (server) => server.route(Op.NODE, 2, 1, FLAG_FORWARDED),
      `status ${Status.WRONG_NODE}`,
    ],
    [
      "a forwarded NODE of this one is this one",
      (server) => server.route(Op.NODE, NODE_ID, 1, FLAG_FORWARDED),
      "node 7",
    ],
    [
      "a forwarded KEY of a peer is this one",
      (server) => server.route(Op.KEY, keyOf(server, 3), 1, FLAG_FORWARDED),
      "node 7",
    ],
    [
      "a count that cannot be is none",
      (server) => server.route(Op.NODE, 2, 4_097),
      `status ${Status.BAD_REQUEST}`,
    ],
    [
      "an op that there is not is none",
      (server) => server.route(9, 2),
      `status ${Status.BAD_REQUEST}`,
    ],
  ]

  test.each(cases)("to %s", (_, ask, expected) => {
    const server = new ClusterServer([1, 2, 3])
    const asker = ask(server)
    server.environment.advance(20)
    expect(outcome(asker)).toBe(expected)
    const asked = [...server.fakes].filter(([, fake]) => fake.asked.length > 0).map(([id]) => id)
    const peer = Number(expected.replace("node ", ""))
    expect(asked).toEqual(server.fakes.has(peer) ? [peer] : [])
  })

  test("to a forwarded RANDOM is always this one", () => {
    const server = new ClusterServer([1, 2, 3])
    for (let i = 0; i < 100; i++) {
      expect(outcome(server.route(Op.RANDOM, 0, 1, FLAG_FORWARDED))).toBe("node 7")
    }
  })

  test("says which it is when it was asked for another", () => {
    const { answer } = new ClusterServer([1]).route(Op.NODE, 1, 1, FLAG_FORWARDED)
    expect(answer).toEqual({ status: Status.WRONG_NODE, value: BigInt(NODE_ID) })
  })

  test("is asked for a block as it was asked for, and never to forward it", () => {
    const server = new ClusterServer([1])
    const asker = server.route(Op.NODE, 1, 4_096)
    server.environment.advance(10)
    expect(server.fake(1).asked).toEqual([
      { op: Op.NODE, flags: FLAG_FORWARDED, count: 4_096, target: 1 },
    ])
    expect(outcome(asker)).toBe("node 1")
  })

  test("is this one for every op when it is alone", () => {
    const { node, router } = new FakeServer()
    const asker = new OneAsker(node.environment)
    for (const [op, target] of [
      [Op.LOCAL, 0],
      [Op.RANDOM, 0],
      [Op.KEY, 5],
      [Op.NODE, 7],
    ] as const) {
      expect(asker.route(router, op, target)).toBe(Status.OK)
      expect(asker.exchange.status).toBe(Status.OK)
    }
    expect(asker.route(router, Op.NODE, 3)).toBe(Status.UNKNOWN_NODE)
    expect(asker.exchange.low).toBe(3)
  })
})

test("requests for this node wait with it for its next ids", () => {
  const server = new ClusterServer([1])
  server.node.takeAll(4_096)
  const asker = new OneAsker(server.environment)
  const { router } = server
  expect(asker.route(router, Op.LOCAL, 0, 4_096)).toBe(Outcome.WAIT)
  expect(asker.route(router, Op.NODE, NODE_ID, 4_096)).toBe(Outcome.WAIT)
  expect(asker.route(router, Op.NODE, 1, 4_096)).toBe(Outcome.FORWARDED)
})

describe("RANDOM", () => {
  test.each([4, 1_024])("is spread evenly over %d nodes, this one included", (size) => {
    const nodeIds = Array.from({ length: size }, (_, i) => (size === 4 ? i + NODE_ID : i))
    const asked = new Map(nodeIds.map((nodeId) => [nodeId, 0]))
    const count = (nodeId: number): void => void asked.set(nodeId, asked.get(nodeId)! + 1)
    const { local, node, flushScheduler } = new FakeServer()
    const fairQueue = new FairQueue(node.environment, node.generator, 1_000)
    const directory = {
      ...noPeers(NODE_ID),
      live: nodeIds,
      ask: (nodeId: number) => (count(nodeId), Status.OK),
    }
    const router = new Router(local, directory, fairQueue, node.environment, 1_000, flushScheduler)
    const draws = size * 200
    const asker = new OneAsker(node.environment)
    for (let i = 0; i < draws; i++) {
      // The batch ends, and there are ids again.
      node.environment.advance(1)
      if (asker.route(router, Op.RANDOM) === Status.OK) count(NODE_ID)
    }
    const chiSquare = [...asked.values()].reduce((sum, n) => sum + (n - 200) ** 2 / 200, 0)
    // Exceeded once in some 100,000 seeds.
    expect(chiSquare).toBeLessThan(size === 4 ? 26 : 1_232)
  })

  test("leaves out nodes that are down", () => {
    const server = new ClusterServer([1, 2, 3])
    server.connect()
    for (const nodeId of [1, 2, 3]) server.network.kill(peerAddress(nodeId))
    for (let i = 0; i < 50; i++) expect(outcome(server.route(Op.RANDOM))).toBe("node 7")
  })
})

test("KEY goes to the owner among the live nodes, and back to the first when it is back", () => {
  const server = new ClusterServer([1, 2, 3])
  server.connect()
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (key) => {
      const answered = (): string => {
        const asker = server.route(Op.KEY, key)
        server.environment.advance(10)
        return outcome(asker)
      }
      const owner = rendezvousOwner(key, [1, 2, 3, NODE_ID])
      expect(answered()).toBe(`node ${owner}`)
      if (owner === NODE_ID) return
      server.peerSet.distrust(owner, "for a while")
      const next = rendezvousOwner(
        key,
        [1, 2, 3, NODE_ID].filter((nodeId) => nodeId !== owner),
      )
      expect(answered()).toBe(`node ${next}`)
      server.environment.advance(3_000)
      expect(answered()).toBe(`node ${owner}`)
    }),
    { numRuns: 40 },
  )
})
