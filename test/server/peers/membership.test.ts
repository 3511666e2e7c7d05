import { describe, expect, test } from "bun:test"
import { Membership } from "../../../server/peers/membership.ts"
import { PeerState } from "../../../server/peers/peer.ts"
import { ClusterServer, entry } from "../../support/cluster-server.ts"
import { FakePeer, peerAddress } from "../../support/fake-peer.ts"
import { MemoryLog } from "../../support/memory-log.ts"
import { NODE_ID } from "../../support/virtual-node.ts"

const DEBUG = 20
const OWN = "10.0.0.1:6007"

/** A membership that uses a server's context and fakes, and takes the place of its peers. */
class Fixture {
  readonly server: ClusterServer
  readonly log: MemoryLog = new MemoryLog("debug")
  readonly membership: Membership

  constructor(nodeIds: readonly number[] = [1, 2]) {
    this.server = new ClusterServer(nodeIds)
    this.server.peerSet.close()
    const entries = [...nodeIds, NODE_ID].map((nodeId) => entry(nodeId))
    this.membership = new Membership(entries, this.server.context, this.log.logger)
    this.server.peerSet = this.membership.peers
  }

  /** Uses a peer for the first time. */
  use(nodeId: number): void {
    this.server.ask(nodeId)
    this.pass(20)
  }

  pass(ms: number): void {
    this.server.environment.advance(ms)
  }
}

function fault(address: string): string {
  return `another process with this node's id 7 answers at ${address}`
}

describe("the log", () => {
  test("has a line for every change of a peer, and none for what stays as it is", () => {
    const { membership, log, server } = new Fixture([1])
    server.ask(1)
    server.environment.advance(5_000)
    server.network.kill(peerAddress(1))
    server.environment.advance(20_000)
    server.fake(1).listen()
    server.environment.advance(5_000)
    server.fake(1).nodeId = 3
    server.environment.advance(20_000)
    server.fake(1).nodeId = 1
    server.environment.advance(5_000)
    expect(log.texts(DEBUG)).toEqual([
      `debug peer-connecting node 1 at ${peerAddress(1)} is connecting`,
      `info peer-up node 1 at ${peerAddress(1)} is up`,
      `warn peer-down node 1 at ${peerAddress(1)} is down: it closed the connection`,
      `info peer-up node 1 at ${peerAddress(1)} is up`,
      `error peer-misconfigured node 1 at ${peerAddress(1)} is misconfigured and not used: it is node 3, not 1`,
      `info peer-up node 1 at ${peerAddress(1)} is up`,
    ])
    expect(log.lines[2]).toMatchObject({ peer: 1, address: peerAddress(1) })
    expect(membership.fault).toBeUndefined()
  })

  test("says when the list was read again", () => {
    const { membership, log, server } = new Fixture([1])
    membership.setList([entry(2), entry(3), entry(NODE_ID)])
    expect(log.texts()).toEqual(["info peers-listed the list of nodes was read"])
    expect(log.lines[0]!["nodes"]).toBe(3)
    expect(server.peerSet.live).toEqual([2, 3, NODE_ID])
  })

  test("warns once of a clock that is off by more than 1 s, with the figure, and says when it is right", () => {
    const fixture = new Fixture([1])
    const { log, server } = fixture
    server.fake(1).skewMs = 1_500
    fixture.use(1)
    fixture.pass(10_000)
    server.fake(1).skewMs = -90_000
    fixture.pass(10_000)
    server.fake(1).skewMs = -500
    fixture.pass(10_000)
    const clocks = log.texts().filter((text) => text.includes("clock-skew"))
    expect(clocks).toEqual([
      "warn clock-skew the clock of node 1 is 1501 ms ahead of ours",
      "info clock-skew the clock of node 1 is 500 ms behind ours again, within 1000 ms",
    ])
    const figures = log.lines.filter(({ event }) => event === "clock-skew")
    expect(figures.map(({ skewMs, peer }) => [peer, skewMs])).toEqual([
      [1, 1_501],
      [1, -500],
    ])
  })

  test("warns again of the clock of a node that was taken off the list and is back", () => {
    const fixture = new Fixture([1])
    fixture.server.fake(1).skewMs = 5_000
    for (let round = 0; round < 2; round++) {
      fixture.membership.setList([entry(1)])
      fixture.use(1)
      fixture.membership.setList([])
      fixture.pass(100)
    }
    const { length } = fixture.log.texts().filter((text) => text.startsWith("warn clock-skew"))
    expect(length).toBe(2)
  })
})

describe("a description", () => {
  test("has every peer with its state, skew and round trip", () => {
    const fixture = new Fixture([1, 2, 3])
    fixture.use(1)
    fixture.server.network.refuse(peerAddress(3))
    fixture.use(3)
    fixture.pass(500)
    const unasked = { skewMs: null, roundTripMs: null }
    expect(fixture.membership.describe()).toEqual([
      {
        node: 1,
        address: peerAddress(1),
        state: PeerState.UP,
        reason: "",
        skewMs: 0,
        roundTripMs: 2,
      },
      { node: 2, address: peerAddress(2), state: PeerState.UNUSED, reason: "", ...unasked },
      {
        node: 3,
        address: peerAddress(3),
        state: PeerState.DOWN,
        reason: "nothing listens there",
        ...unasked,
      },
    ])
  })
})

describe("another process with this node's id", () => {
  /** It answers where node 1 is listed. */
  function found(): Fixture {
    const fixture = new Fixture([1, 2])
    fixture.server.fake(1).nodeId = NODE_ID
    fixture.use(1)
    return fixture
  }

  test("that a peer turns out to be is logged once, counted, and a fault", () => {
    const { membership, log, server } = found()
    server.environment.advance(30_000)
    expect([membership.fault, membership.duplicatesFound]).toEqual([fault(peerAddress(1)), 1])
    const lines = log.texts().filter((text) => text.includes("duplicate-node"))
    expect(lines).toEqual([`error duplicate-node ${fault(peerAddress(1))}`])
    expect(membership.describe()[0]).toMatchObject({
      state: PeerState.MISCONFIGURED,
      reason: "it is another process with this node's id 7",
    })
  })

  test("is a fault no more when the listed node answers there", () => {
    const fixture = found()
    fixture.server.fake(1).nodeId = 1
    fixture.pass(3_000)
    expect([fixture.membership.fault, fixture.membership.duplicatesFound]).toEqual([undefined, 1])
    fixture.server.fake(1).nodeId = NODE_ID
    fixture.pass(3_000)
    expect([fixture.membership.fault, fixture.membership.duplicatesFound]).toEqual([
      fault(peerAddress(1)),
      2,
    ])
  })

  test("is a fault no more when it was stopped and nothing answers there", () => {
    const fixture = found()
    fixture.server.network.kill(peerAddress(1))
    fixture.pass(3_000)
    expect(fixture.membership.describe()[0]!.state).toBe(PeerState.DOWN)
    expect(fixture.membership.fault).toBeUndefined()
  })

  test("is a fault no more when its address is taken off the list", () => {
    const fixture = found()
    fixture.membership.setList([entry(2), entry(NODE_ID)])
    expect(fixture.membership.fault).toBeUndefined()
    fixture.pass(10_000)
    expect([fixture.membership.fault, fixture.membership.duplicatesFound]).toEqual([undefined, 1])
  })

  test("is not counted again because the list was read again", () => {
    const fixture = found()
    fixture.membership.setList([entry(1), entry(2), entry(NODE_ID)])
    fixture.pass(10_000)
    expect(fixture.membership.fault).toBe(fault(peerAddress(1)))
    expect(fixture.membership.duplicatesFound).toBe(1)
  })

  test("in two places names both", () => {
    const fixture = found()
    fixture.server.fake(2).nodeId = NODE_ID
    fixture.use(2)
    expect(fixture.membership.fault).toBe(fault(`${peerAddress(1)} and ${peerAddress(2)}`))
    expect(fixture.membership.duplicatesFound).toBe(2)
  })
})

describe("this node's own address", () => {
  /** Lets time pass, and promises settle. */
  async function pass(fixture: Fixture, ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      fixture.pass(Math.min(50, left))
      for (let i = 0; i < 20; i++) await Promise.resolve()
    }
  }

  async function started(): Promise<Fixture> {
    const fixture = new Fixture([])
    const start = fixture.membership.refuseDuplicates()
    await pass(fixture, 1_100)
    await start
    return fixture
  }

  test("is watched for another process that answers there", async () => {
    const fixture = await started()
    const { membership, server } = fixture
    const other = new FakePeer(server.network, NODE_ID).listen(OWN)
    await pass(fixture, 11_000)
    expect([membership.fault, membership.duplicatesFound]).toEqual([fault(OWN), 1])
    await pass(fixture, 30_000)
    expect([membership.duplicatesFound, other.asked]).toEqual([1, []])
    server.network.kill(OWN)
    await pass(fixture, 12_000)
    expect(membership.fault).toBeUndefined()
    expect(server.network.wiresTo(OWN)).toEqual([])
  })

  test("may well be answered by this very process", async () => {
    const fixture = await started()
    const { membership, server } = fixture
    const self = new FakePeer(server.network, NODE_ID).listen(OWN)
    const { startNumber } = server.context
    self.startNumber = BigInt(startNumber)
    await pass(fixture, 40_000)
    expect([membership.fault, membership.duplicatesFound]).toEqual([undefined, 0])
    expect(self.checksAsked).toBeGreaterThan(6)
  })

  test("is left alone once the node has stopped, also in the middle of asking", async () => {
    const fixture = await started()
    fixture.server.network.blackHoles.add(OWN)
    await pass(fixture, 10_300)
    fixture.membership.close()
    await pass(fixture, 5_000)
    expect(fixture.server.environment.timerCount).toBe(0)
  })

  test("need not be listed", async () => {
    const fixture = await started()
    fixture.membership.setList([])
    await pass(fixture, 30_000)
    expect([fixture.membership.fault, fixture.server.network.dialled.length]).toEqual([
      undefined,
      1,
    ])
    fixture.membership.close()
  })
})
