import { describe, expect, test } from "bun:test"
import { Op, Status } from "../../../protocol/index.ts"
import { PeerState } from "../../../server/peers/peer.ts"
import { rendezvousOwner } from "../../../server/routing/rendezvous.ts"
import { ClusterServer, TIMEOUT_MS, entry } from "../../support/cluster-server.ts"
import { FakePeer, nodeOfId, peerAddress } from "../../support/fake-peer.ts"
import { NODE_ID } from "../../support/virtual-node.ts"

const HOLD = (): "HOLD" => "HOLD"

describe("the live nodes", () => {
  test("are this one and, until they prove otherwise, all that are listed, in order", () => {
    expect(new ClusterServer([900, 2, 30]).peerSet.live).toEqual([2, NODE_ID, 30, 900])
    expect(new ClusterServer([]).peerSet.live).toEqual([NODE_ID])
  })

  test("are less by those that are down or misconfigured, as long as they are", () => {
    const server = new ClusterServer([1, 2, 3])
    server.connect()
    server.network.kill(peerAddress(2))
    expect(server.peerSet.live).toEqual([1, 3, NODE_ID])
    server.peerSet.distrust(3, "it lies")
    expect(server.peerSet.live).toEqual([1, NODE_ID])
    server.environment.advance(60)
    expect(server.peerSet.live).toEqual([1, 3, NODE_ID])
    server.fake(2).listen()
    server.environment.advance(2_010)
    expect(server.peerSet.live).toEqual([1, 2, 3, NODE_ID])
  })
})

describe("asking", () => {
  test("a node that is not listed, or this one, is refused", () => {
    const server = new ClusterServer([1])
    expect([server.ask(2).status, server.ask(NODE_ID).status]).toEqual([
      Status.UNKNOWN_NODE,
      Status.UNKNOWN_NODE,
    ])
    expect([server.peerSet.knows(1), server.peerSet.knows(NODE_ID)]).toEqual([true, false])
    server.peerSet.distrust(2, "nobody")
  })

  test("is answered TIMEOUT at its deadline, and the answer that comes later goes to nobody", () => {
    const server = new ClusterServer([1])
    server.connect()
    server.fake(1).behaviour = HOLD
    const { asker } = server.ask(1, 300)
    server.environment.advance(295)
    expect(asker.answer).toBeUndefined()
    server.environment.advance(15)
    expect(asker.answer?.status).toBe(Status.TIMEOUT)
    expect(Number(asker.answer!.value)).toBeWithin(300, 311)
    server.fake(1).behaviour = ({ count }) => server.fake(1).ids(count)
    const next = server.ask(1)
    server.fake(1).release()
    server.environment.advance(10)
    expect([asker.answers.length, next.asker.answer?.status]).toEqual([1, Status.OK])
  })

  test("a peer that stands still takes all of its requests down with it, each told once", () => {
    const server = new ClusterServer([1])
    server.connect()
    server.fake(1).behaviour = HOLD
    const early = server.ask(1)
    server.environment.advance(1_500)
    const late = Array.from({ length: 20 }, () => server.ask(1))
    server.environment.advance(530)
    expect(early.asker.answer?.status).toBe(Status.TIMEOUT)
    for (const { asker } of late) expect(asker.answer?.status).toBe(Status.NODE_DOWN)
    // Its pings wait behind the requests, as their answers would.
    expect(server.changes.at(-1)).toBe("1 down 3 pings were not answered")
  })

  test("costs no timer once nothing is in flight, but for the heartbeat", () => {
    const server = new ClusterServer([1])
    server.connect()
    server.environment.advance(100)
    expect(server.environment.timerCount).toBe(1)
    server.peerSet.close()
    server.environment.advance(10)
    expect(server.environment.timerCount).toBe(0)
  })
})

describe("several links to a peer", () => {
  test("are all opened, and share what is asked", () => {
    const server = new ClusterServer([1], 3)
    server.connect()
    const wires = server.network.wiresTo(peerAddress(1))
    expect(wires.length).toBe(3)
    server.fake(1).behaviour = HOLD
    const before = wires.map(({ writes }) => writes.length)
    for (let i = 0; i < 30; i++) server.ask(1)
    server.environment.advance(0)
    expect(wires.map(({ writes }, i) => writes.slice(before[i]))).toEqual([[80], [80], [80]])
  })

  test("are replaced one by one; the peer stays up while there is one", () => {
    const server = new ClusterServer([1], 2)
    server.connect()
    server.changes.length = 0
    server.fake(1).behaviour = HOLD
    const asked = [server.ask(1), server.ask(1)]
    server.environment.advance(10)
    server.network.wiresTo(peerAddress(1))[0]!.lose()
    const answers = asked.map(({ asker }) => asker.answer?.status)
    expect(new Set(answers)).toEqual(new Set([Status.NODE_DOWN, undefined]))
    expect([server.peer(1).state, server.changes]).toEqual([PeerState.UP, []])
    server.environment.advance(60)
    expect(server.network.wiresTo(peerAddress(1)).length).toBe(2)
  })

  test("of which one cannot be opened carry everything on the others", () => {
    const server = new ClusterServer([1], 2)
    server.connect()
    const fake = server.fake(1)
    fake.behaviour = ({ count }) => ({ ...fake.ids(count), delayMs: 20 })
    server.network.refuse(peerAddress(1))
    server.network.wiresTo(peerAddress(1))[0]!.lose()
    const asked = []
    for (let ms = 0; ms < 5_000; ms++) {
      asked.push(server.ask(1))
      server.environment.advance(1)
    }
    server.environment.advance(30)
    const failed = asked.filter(({ asker }) => asker.answer?.status !== Status.OK)
    expect(failed.length).toBe(0)
    expect(server.network.dialled.length).toBeGreaterThan(4)
  })
})

describe("another list", () => {
  test("adds and removes nodes, and leaves the others' links alone", () => {
    const server = new ClusterServer([1, 2])
    server.connect()
    const added = new FakePeer(server.network, 40).listen()
    const dialled = server.network.dialled.length
    server.peerSet.setList([entry(2), entry(40), entry(NODE_ID)])
    expect(server.peerSet.live).toEqual([2, NODE_ID, 40])
    expect([server.ask(1).status, server.ask(40).status]).toEqual([Status.UNKNOWN_NODE, Status.OK])
    server.ask(2)
    server.environment.advance(20)
    expect(server.network.dialled.slice(dialled)).toEqual([peerAddress(40)])
    expect([added.asked.length, server.fake(2).asked.length]).toEqual([1, 1])
    expect(server.network.wiresTo(peerAddress(1))).toEqual([])
  })

  test("lets a node that is taken off it answer what it was asked", () => {
    const server = new ClusterServer([1, 2])
    server.connect()
    server.fake(1).behaviour = HOLD
    const { asker } = server.ask(1)
    server.environment.advance(100)
    server.peerSet.setList([entry(2)])
    server.environment.advance(300)
    expect([asker.answer, server.network.wiresTo(peerAddress(1)).length]).toEqual([undefined, 1])
    server.fake(1).release()
    server.environment.advance(20)
    expect(nodeOfId(asker.answer!.value)).toBe(1)
    expect(server.network.wiresTo(peerAddress(1)).length).toBe(0)
  })

  test("holds a node that is taken off it to its deadlines", () => {
    const server = new ClusterServer([1])
    server.connect()
    server.fake(1).behaviour = HOLD
    const { asker } = server.ask(1)
    server.peerSet.setList([])
    server.environment.advance(TIMEOUT_MS + 20)
    expect(asker.answer?.status).toBe(Status.TIMEOUT)
    server.environment.advance(TIMEOUT_MS + 20)
    expect(server.network.wiresTo(peerAddress(1)).length).toBe(0)
    server.environment.advance(10_000)
    expect(server.network.dialled.length).toBe(1)
  })

  test("tells nothing more of a node that is taken off it, and does not use one found wrong", () => {
    const server = new ClusterServer([1])
    server.fake(1).epochMs = 5
    const { asker } = server.ask(1)
    server.changes.length = 0
    server.peerSet.setList([])
    server.environment.advance(20)
    expect(asker.answer?.status).toBe(Status.NODE_DOWN)
    expect([server.changes, server.findings]).toEqual([[], []])
    server.environment.advance(5_000)
    expect(server.network.dialled.length).toBe(1)
  })

  test("moves a node to another address, where it is asked from then on", () => {
    const server = new ClusterServer([1, 2])
    server.connect()
    server.fake(1).behaviour = HOLD
    const before = server.ask(1)
    server.environment.advance(5)
    const moved = new FakePeer(server.network, 1).listen("10.9.9.9:1")
    server.peerSet.setList([entry(1, "10.9.9.9:1"), entry(2)])
    const after = server.ask(1)
    server.environment.advance(20)
    expect([after.asker.answer?.status, moved.asked.length]).toEqual([Status.OK, 1])
    expect(before.asker.answer).toBeUndefined()
    server.fake(1).release()
    server.environment.advance(20)
    expect(before.asker.answer?.status).toBe(Status.OK)
  })

  test("with the same nodes changes nothing", () => {
    const server = new ClusterServer([1, 2])
    server.connect()
    const [first, dialled] = [server.peer(1), server.network.dialled.length]
    server.peerSet.setList([entry(2), entry(NODE_ID, "10.1.1.1:1"), entry(1)])
    server.environment.advance(1_000)
    expect(server.peer(1)).toBe(first)
    expect(server.network.dialled.length).toBe(dialled)
  })

  test("with a node that was taken off before uses it anew", () => {
    const server = new ClusterServer([1])
    server.connect()
    server.peerSet.setList([])
    server.peerSet.setList([entry(1)])
    expect(server.peer(1).state).toBe(PeerState.UNUSED)
    const { asker } = server.ask(1)
    server.environment.advance(20)
    expect(asker.answer?.status).toBe(Status.OK)
  })
})

describe("closing", () => {
  test("closes every link, and all that is in flight is told once", () => {
    const server = new ClusterServer([1, 2])
    server.connect()
    for (const fake of server.fakes.values()) fake.behaviour = HOLD
    const asked = [1, 1, 2].map((nodeId) => server.ask(nodeId))
    server.changes.length = 0
    server.peerSet.close()
    for (const { asker } of asked) expect(asker.answer?.status).toBe(Status.NODE_DOWN)
    server.environment.advance(5_000)
    expect([server.changes, server.environment.timerCount]).toEqual([[], 0])
    expect([1, 2].flatMap((nodeId) => server.network.wiresTo(peerAddress(nodeId)))).toEqual([])
  })

  test("answers what fails over then out of this node, and opens no link for it", () => {
    const server = new ClusterServer([1, 2, 3, 4])
    server.connect(2)
    server.fake(2).behaviour = HOLD
    const { status } = server.ask(2)
    const target = server.route(Op.NODE, 2)
    const { live } = server.peerSet
    const keys = Array.from({ length: 500 }, (_, key) => key)
    const askers = keys
      .filter((key) => rendezvousOwner(key, live) === 2)
      .map((key) => server.route(Op.KEY, key))
    const dialled = server.network.dialled.length
    server.peerSet.close()
    server.environment.advance(5_000)
    expect([status, target.answer?.status]).toEqual([Status.OK, Status.NODE_DOWN])
    expect(askers.map(({ answer }) => answer?.status)).toEqual(askers.map(() => Status.OK))
    expect(server.network.dialled.length).toBe(dialled)
    expect(server.environment.timerCount).toBe(0)
  })

  test("gives up what waits to be tried again", () => {
    const server = new ClusterServer([1])
    server.network.refuse(peerAddress(1))
    server.ask(1)
    server.environment.advance(10)
    server.peerSet.close()
    expect(server.environment.timerCount).toBe(0)
    expect(server.ask(1).status).toBe(Status.NODE_DOWN)
  })
})
