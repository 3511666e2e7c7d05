import { describe, expect, test } from "bun:test"
import { DEFAULT_EPOCH_MS, Op, Status, composeId } from "../../../protocol/index.ts"
import { PeerState } from "../../../server/peers/peer.ts"
import { rendezvousOwner } from "../../../server/routing/rendezvous.ts"
import { ClusterServer } from "../../support/cluster-server.ts"
import { nodeOfId } from "../../support/fake-peer.ts"
import type { Reply } from "../../support/fake-peer.ts"

const DOWN = { status: Status.NODE_DOWN, value: 1n }
const YEAR_2165 = Date.UTC(2165, 0) - DEFAULT_EPOCH_MS

function connected(linksPerPeer = 1): ClusterServer {
  const server = new ClusterServer([1, 2, 3], linksPerPeer)
  server.connect()
  return server
}

function ok(time: number, sequence: number): Reply {
  return { status: Status.OK, value: composeId({ time, node: 1, sequence }) }
}

/** A key that node 1 owns. */
function keyOfNode1(server: ClusterServer): number {
  for (let key = 0; ; key++) if (rendezvousOwner(key, server.peerSet.live) === 1) return key
}

const LIES: [string, Reply, number, string][] = [
  ["an id that it gave before", ok(77, 0), 1, "it repeats ids"],
  ["an id of the year 2165", ok(YEAR_2165, 0), 1, "it gives ids of the future"],
  ["a block that carries", ok(100, 4_000), 97, "it gives blocks that carry"],
  [
    "an id of another node",
    { status: Status.OK, value: composeId({ time: 100, node: 2, sequence: 0 }) },
    1,
    "it answered with an id that is not its own",
  ],
  [
    "a wait of half an eternity",
    { status: Status.OVERLOADED, value: 2n ** 64n - 1n },
    1,
    `it refuses with status 5 and detail ${2 ** 64}, which makes no sense`,
  ],
  [
    "a node that cannot be",
    { status: Status.UNKNOWN_NODE, value: 1_024n },
    1,
    "it refuses with status 2 and detail 1024, which makes no sense",
  ],
]

describe("a peer that answers with", () => {
  test.each(LIES)("%s is not believed, and another answers for it", (_, lie, count, reason) => {
    const server = connected()
    server.changes.length = 0
    const key = keyOfNode1(server)
    server.fake(1).behaviour = () => lie
    const asker = server.route(Op.KEY, key, count)
    server.environment.advance(10)
    expect(asker.answer?.status).toBe(Status.OK)
    expect([2, 3, 7]).toContain(nodeOfId(asker.answer!.value))
    expect(server.changes).toEqual([`1 misconfigured ${reason}`])
    expect(server.peer(1).isLive).toBe(false)
  })

  test.each(LIES)("%s is down for who asked for it, until it is checked anew", (_, lie, count) => {
    const server = connected()
    server.fake(1).behaviour = () => lie
    const asker = server.route(Op.NODE, 1, count)
    server.environment.advance(10)
    expect(asker.answer).toEqual(DOWN)
    expect(server.route(Op.NODE, 1).answer).toEqual(DOWN)
    server.fake(1).behaviour = ({ count: wanted }) => server.fake(1).ids(wanted)
    server.environment.advance(100)
    expect(server.peer(1).state).toBe(PeerState.UP)
    const again = server.route(Op.NODE, 1)
    server.environment.advance(10)
    expect(again.answer?.status).toBe(Status.OK)
  })
})

test("an id that was given to a request that had timed out may not come again", () => {
  const server = connected()
  server.fake(1).behaviour = () => ({ ...ok(200, 5), delayMs: 1_200 })
  const late = server.route(Op.NODE, 1)
  server.environment.advance(1_300)
  expect(late.answer?.status).toBe(Status.TIMEOUT)
  server.fake(1).behaviour = () => ok(200, 5)
  const asker = server.route(Op.NODE, 1)
  server.environment.advance(10)
  expect([asker.answer, server.peer(1).reason]).toEqual([DOWN, "it repeats ids"])
})

test("links to one peer interleave, and each is held to its own order", () => {
  const server = connected(2)
  const times = [400, 300, 500, 410]
  server.fake(1).behaviour = () => ok(times.shift()!, 0)
  // Both are asked before either has answered, so each gets one request of two.
  const first = [server.route(Op.NODE, 1), server.route(Op.NODE, 1)]
  server.environment.advance(10)
  const second = [server.route(Op.NODE, 1), server.route(Op.NODE, 1)]
  server.environment.advance(10)
  for (const { answer } of [...first, ...second]) expect(answer?.status).toBe(Status.OK)
})
