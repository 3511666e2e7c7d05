import { describe, expect, test } from "bun:test"
import { Op, Status } from "../../../protocol/index.ts"
import { LINK_IN_FLIGHT_MAX } from "../../../server/peers/link.ts"
import { PeerState } from "../../../server/peers/peer.ts"
import { rendezvousOwner } from "../../../server/routing/rendezvous.ts"
import { ClusterServer, TIMEOUT_MS } from "../../support/cluster-server.ts"
import { nodeOfId, peerAddress } from "../../support/fake-peer.ts"
import type { Behaviour, FakePeer } from "../../support/fake-peer.ts"
import { MemoryStore } from "../../support/memory-store.ts"
import { NODE_ID, VirtualNode } from "../../support/virtual-node.ts"
import { VirtualEnvironment } from "../../support/virtual-environment.ts"

const ALL = [1, 2, 3, NODE_ID]
/** A key whose owners are, in order, 1, 2, 3 and this node. */
const KEY = keyWithOrder([1, 2, 3, NODE_ID])
/** The same, this node first. */
const OWN_KEY = keyWithOrder([NODE_ID, 1, 2, 3])

const REFUSALS: [string, Behaviour][] = [
  ["NODE_DOWN", { status: Status.NODE_DOWN, value: 1n }],
  ["TIMEOUT", { status: Status.TIMEOUT, value: 5n }],
  ["OVERLOADED", { status: Status.OVERLOADED, value: 9n }],
  ["CLOCK_BEHIND", { status: Status.CLOCK_BEHIND, value: 60_000n }],
  ["NOT_READY", { status: Status.NOT_READY, value: 0n }],
]

function keyWithOrder(order: readonly number[]): number {
  for (let key = 0; ; key++) {
    const isSo = order.every((nodeId, i) => rendezvousOwner(key, order.slice(i)) === nodeId)
    if (isSo && rendezvousOwner(key, ALL) === order[0]) return key
  }
}

function connected(): ClusterServer {
  const server = new ClusterServer([1, 2, 3])
  server.connect()
  return server
}

function each(server: ClusterServer, behaviour: (fake: FakePeer) => FakePeer["behaviour"]): void {
  for (const fake of server.fakes.values()) fake.behaviour = behaviour(fake)
}

/** The nodes that were asked for ids, in order. */
function noteAsked(server: ClusterServer): number[] {
  const asked: number[] = []
  for (const [nodeId, fake] of server.fakes) {
    const { behaviour } = fake
    fake.behaviour = (request) => (asked.push(nodeId), behaviour(request))
  }
  return asked
}

describe("a key moves on to the next node", () => {
  test.each(REFUSALS)("when its owner answers %s, the local node last", (_, refusal) => {
    const server = connected()
    each(server, () => () => refusal)
    const asked = noteAsked(server)
    const asker = server.route(Op.KEY, KEY)
    server.environment.advance(20)
    expect(asked).toEqual([1, 2, 3])
    expect([asker.answer?.status, nodeOfId(asker.answer!.value)]).toEqual([Status.OK, NODE_ID])
  })

  test("when its owner dies with it in flight", () => {
    const server = connected()
    server.fake(1).behaviour = () => "CLOSE"
    const asker = server.route(Op.KEY, KEY)
    server.environment.advance(10)
    expect(nodeOfId(asker.answer!.value)).toBe(2)
  })

  test("when its owner is silent, after as long as that may be late", () => {
    const server = connected()
    for (const nodeId of [1, 2]) server.fake(nodeId).behaviour = () => "HOLD"
    const startMs = server.environment.monotonicMs()
    const asker = server.route(Op.KEY, KEY)
    server.environment.advance(TIMEOUT_MS)
    expect(nodeOfId(asker.answer!.value)).toBe(3)
    expect(asker.answers[0]!.atMs - startMs).toBeWithin(500, 540)
  })

  test("when there is no more room on the link to its owner", () => {
    const server = connected()
    server.fake(1).behaviour = () => "HOLD"
    for (let i = 0; i < LINK_IN_FLIGHT_MAX; i++) server.ask(1)
    const asker = server.route(Op.KEY, KEY)
    const strict = server.route(Op.NODE, 1)
    expect(strict.answer).toEqual({ status: Status.OVERLOADED, value: 10n })
    server.environment.advance(10)
    expect(nodeOfId(asker.answer!.value)).toBe(2)
  })

  test("when the owner is this node and cannot give out ids", () => {
    const environment = new VirtualEnvironment()
    const behind = new VirtualNode({
      environment,
      store: new MemoryStore(environment, environment.time * 2),
    })
    const server = new ClusterServer([1, 2, 3], 1, behind)
    server.connect()
    expect(server.route(Op.LOCAL).answer?.status).toBe(Status.CLOCK_BEHIND)
    expect(server.route(Op.NODE, NODE_ID).answer?.status).toBe(Status.CLOCK_BEHIND)
    const asker = server.route(Op.KEY, OWN_KEY)
    server.environment.advance(10)
    expect(nodeOfId(asker.answer!.value)).toBe(1)
  })

  test("and when nobody has ids the local node says why", () => {
    const environment = new VirtualEnvironment()
    const behind = new VirtualNode({
      environment,
      store: new MemoryStore(environment, environment.time * 2),
    })
    const server = new ClusterServer([1, 2, 3], 1, behind)
    server.connect()
    each(server, () => () => ({ status: Status.NOT_READY, value: 0n }))
    const askers = [
      server.route(Op.KEY, KEY),
      server.route(Op.KEY, OWN_KEY),
      server.route(Op.RANDOM),
    ]
    server.environment.advance(20)
    for (const { answer } of askers) expect(answer?.status).toBe(Status.CLOCK_BEHIND)
    for (const nodeId of [1, 2, 3]) server.network.kill(peerAddress(nodeId))
    expect(server.route(Op.RANDOM).answer?.status).toBe(Status.CLOCK_BEHIND)
  })
})

describe("RANDOM", () => {
  test("asks each of the others once at the most, the local node last", () => {
    const server = connected()
    each(server, () => () => ({ status: Status.NOT_READY, value: 0n }))
    const asked = noteAsked(server)
    const seen = new Set<string>()
    for (let i = 0; i < 100; i++) {
      const asker = server.route(Op.RANDOM)
      server.environment.advance(20)
      expect([asker.answer?.status, nodeOfId(asker.answer!.value)]).toEqual([Status.OK, NODE_ID])
      const order = asked.splice(0)
      expect(new Set(order).size).toBe(order.length)
      if (order.length > 0) expect(order.length).toBe(3)
      seen.add(order.join())
    }
    // Every order of the three, and none of them when this node was drawn first.
    expect(seen.size).toBe(7)
  })

  test("is answered within its deadline though all others are silent", () => {
    const server = connected()
    each(server, () => () => "HOLD")
    for (let i = 0; i < 20; i++) {
      const startMs = server.environment.monotonicMs()
      const asker = server.route(Op.RANDOM)
      server.environment.advance(TIMEOUT_MS)
      expect(asker.answer?.status).toBe(Status.OK)
      expect(asker.answers[0]!.atMs - startMs).toBeLessThanOrEqual(TIMEOUT_MS)
    }
  })

  test("waits for the generator when it ends at a local node that is out of ids", () => {
    const server = connected()
    each(server, () => () => ({ status: Status.NOT_READY, value: 0n }))
    server.node.takeAll(4_096)
    server.environment.wallStands = true
    const asker = server.route(Op.KEY, KEY, 4_096)
    server.environment.advance(50)
    expect(asker.answer).toBeUndefined()
    server.environment.wallStands = false
    server.environment.advance(20)
    expect([asker.answer?.status, nodeOfId(asker.answer!.value)]).toEqual([Status.OK, NODE_ID])
  })
})

describe("NODE is strict", () => {
  test.each([
    ...REFUSALS.filter(([name]) => name !== "NODE_DOWN"),
    ["BAD_REQUEST", { status: Status.BAD_REQUEST, value: 2n }] as const,
    ["UNKNOWN_NODE", { status: Status.UNKNOWN_NODE, value: 3n }] as const,
    ["WRONG_NODE", { status: Status.WRONG_NODE, value: 9n }] as const,
  ])("and hands on that its node answered %s", (_, refusal) => {
    const server = connected()
    server.fake(2).behaviour = () => refusal
    const asker = server.route(Op.NODE, 2)
    server.environment.advance(20)
    expect(asker.answer).toEqual(refusal as never)
    expect([server.fake(1).asked, server.fake(3).asked]).toEqual([[], []])
  })

  test("and says that its node is down, at once or when it dies", () => {
    const server = connected()
    server.fake(2).behaviour = () => "CLOSE"
    const down = { status: Status.NODE_DOWN, value: 2n }
    const asker = server.route(Op.NODE, 2)
    server.environment.advance(5)
    expect(asker.answer).toEqual(down)
    expect(server.peer(2).state).toBe(PeerState.DOWN)
    expect(server.route(Op.NODE, 2).answer).toEqual(down)
  })

  test("and has all of the time there is for its node", () => {
    const server = connected()
    server.fake(2).behaviour = ({ count }) => ({ ...server.fake(2).ids(count), delayMs: 980 })
    const asker = server.route(Op.NODE, 2)
    server.environment.advance(TIMEOUT_MS)
    expect(asker.answer?.status).toBe(Status.OK)
    server.fake(2).behaviour = () => "HOLD"
    const late = server.route(Op.NODE, 2)
    server.environment.advance(TIMEOUT_MS + 10)
    expect(late.answer?.status).toBe(Status.TIMEOUT)
    expect(Number(late.answer!.value)).toBeWithin(TIMEOUT_MS, TIMEOUT_MS + 11)
  })
})

describe("an answer that cannot be true", () => {
  test.each([
    ["an id of another node", { status: Status.OK, value: (5n << 22n) | (3n << 12n) }],
    ["WRONG_NODE", { status: Status.WRONG_NODE, value: 3n }],
  ] as const)("(%s) is not passed on, and its node not asked again unchecked", (_, lie) => {
    const server = connected()
    server.fake(1).behaviour = () => lie
    const askers = [server.route(Op.KEY, KEY), server.route(Op.KEY, KEY)]
    server.environment.advance(10)
    for (const { answer } of askers) expect(nodeOfId(answer!.value)).toBe(2)
    expect(server.peer(1).state).toBe(PeerState.MISCONFIGURED)
    server.environment.advance(100)
    expect(server.peer(1).state).toBe(PeerState.UP)
  })

  test("to a strict NODE is NODE_DOWN when it is an id", () => {
    const server = connected()
    server.fake(1).behaviour = () => ({ status: Status.OK, value: 3n << 12n })
    const asker = server.route(Op.NODE, 1)
    server.environment.advance(10)
    expect(asker.answer).toEqual({ status: Status.NODE_DOWN, value: 1n })
  })
})
