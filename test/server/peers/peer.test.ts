import { describe, expect, test } from "bun:test"
import { FLAG_FORWARDED, Op, Status } from "../../../protocol/index.ts"
import { LINK_IN_FLIGHT_MAX } from "../../../server/peers/link.ts"
import { PeerState } from "../../../server/peers/peer.ts"
import { ClusterServer } from "../../support/cluster-server.ts"
import { START_NUMBER } from "../../support/fake-client.ts"
import { peerAddress } from "../../support/fake-peer.ts"
import { NODE_ID } from "../../support/virtual-node.ts"

/** A node with the one peer 1, which is up. */
function withPeer(linksPerPeer = 1): ClusterServer {
  const server = new ClusterServer([1], linksPerPeer)
  server.connect()
  server.changes.length = 0
  return server
}

describe("a peer that was never asked", () => {
  test("is live and has no connection", () => {
    const server = new ClusterServer([1])
    server.environment.advance(60_000)
    expect(server.network.dialled).toEqual([])
    expect([server.peer(1).state, server.peer(1).isLive]).toEqual([PeerState.UNUSED, true])
  })

  test("is connected to when it is, and asked who it is before anything else", () => {
    const server = new ClusterServer([1])
    const asked = server.ask(1)
    expect([asked.status, server.network.dialled]).toEqual([Status.OK, [peerAddress(1)]])
    expect(server.changes).toEqual(["1 connecting not connected yet"])
    const ops: number[] = []
    server.fake(1).behaviour = ({ op, flags, target }) => {
      ops.push(server.fake(1).checksAsked, op, flags, target)
      return server.fake(1).ids()
    }
    server.environment.advance(10)
    expect(ops).toEqual([3, Op.NODE, FLAG_FORWARDED, 1])
    expect(asked.asker.answer?.status).toBe(Status.OK)
    expect(server.changes).toEqual(["1 connecting not connected yet", "1 up"])
    expect([server.findings.length, server.peer(1).roundTripMs]).toEqual([1, 3])
  })

  test("is asked all at once what many asked for while it was connected to", () => {
    const server = new ClusterServer([1])
    const asked = Array.from({ length: 50 }, () => server.ask(1))
    server.environment.advance(10)
    expect(asked.map(({ asker }) => asker.answer?.status)).toEqual(Array(50).fill(Status.OK))
    expect(server.network.dialled.length).toBe(1)
    expect(server.network.wiresTo(peerAddress(1))[0]!.writes).toEqual([(3 + 50) * 8])
  })
})

describe("a peer that is not the listed node", () => {
  const faults: [string, (server: ClusterServer) => void, string][] = [
    ["another node", (server) => (server.fake(1).nodeId = 5), "it is node 5, not 1"],
    [
      "of another epoch",
      (server) => (server.fake(1).epochMs = 1_000),
      "its epoch is 1000, ours is 1767225600000",
    ],
    [
      "this very process",
      (server) => {
        server.fake(1).nodeId = NODE_ID
        server.fake(1).startNumber = START_NUMBER
      },
      "it is this very process",
    ],
    [
      "another process with our id",
      (server) => (server.fake(1).nodeId = NODE_ID),
      "it is another process with this node's id 7",
    ],
  ]

  test.each(faults)("but %s is never used, and that is told once", (name, spoil, reason) => {
    const server = new ClusterServer([1])
    spoil(server)
    const asked = server.ask(1)
    server.environment.advance(10)
    expect(asked.asker.answer).toEqual({ status: Status.NODE_DOWN, value: 0n })
    expect(server.changes).toEqual(["1 connecting not connected yet", `1 misconfigured ${reason}`])
    expect([server.ask(1).status, server.peer(1).isLive]).toEqual([Status.NODE_DOWN, false])
    server.environment.advance(20_000)
    expect(server.changes.length).toBe(2)
    expect(server.network.dialled.length).toBeWithin(10, 30)
    const isDuplicate = name === "another process with our id"
    expect(server.findings.every(({ finding }) => finding.isDuplicate === isDuplicate)).toBe(true)
  })

  test.each(faults)("but %s is used within 2 s after it was put right", (_, spoil) => {
    const server = new ClusterServer([1])
    const { nodeId, epochMs, startNumber } = server.fake(1)
    spoil(server)
    server.ask(1)
    server.environment.advance(30_000)
    Object.assign(server.fake(1), { nodeId, epochMs, startNumber })
    server.environment.advance(2_010)
    expect(server.changes.at(-1)).toBe("1 up")
    const { asker } = server.ask(1)
    server.environment.advance(10)
    expect(asker.answer?.status).toBe(Status.OK)
  })

  test("is told again when it is wrong in another way", () => {
    const server = new ClusterServer([1])
    server.fake(1).nodeId = 5
    server.ask(1)
    server.environment.advance(5_000)
    server.fake(1).nodeId = 6
    server.environment.advance(5_000)
    expect(server.changes.slice(1)).toEqual([
      "1 misconfigured it is node 5, not 1",
      "1 misconfigured it is node 6, not 1",
    ])
  })

  test("is found out at a heartbeat when it changes behind an open connection", () => {
    const server = withPeer()
    server.fake(1).epochMs = 5
    server.environment.advance(510)
    expect(server.changes).toEqual(["1 misconfigured its epoch is 5, ours is 1767225600000"])
  })

  test("because it was distrusted is checked anew before it is used", () => {
    const server = withPeer()
    server.fake(1).behaviour = () => "HOLD"
    const { asker } = server.ask(1)
    server.peerSet.distrust(1, "it lies")
    expect(asker.answer?.status).toBe(Status.NODE_DOWN)
    expect([server.ask(1).status, server.peer(1).isLive]).toEqual([Status.NODE_DOWN, false])
    server.environment.advance(60)
    expect(server.changes).toEqual(["1 misconfigured it lies", "1 up"])
  })
})

describe("a peer that does not answer checks", () => {
  test("is down after three missed pings, and up again when it answers", () => {
    const server = withPeer()
    server.fake(1).answersChecks = false
    server.environment.advance(1_400)
    expect(server.changes).toEqual([])
    server.environment.advance(700)
    expect(server.changes).toEqual(["1 down 3 pings were not answered"])
    server.fake(1).answersChecks = true
    server.environment.advance(3_000)
    expect(server.changes.at(-1)).toBe("1 up")
  })

  test("is in use again within 3 s of answering, though connections to it were swallowed", () => {
    const server = withPeer()
    server.fake(1).answersChecks = false
    // Long enough for the waits between attempts to have grown to their longest.
    server.environment.advance(30_000)
    expect(server.peer(1).state).toBe(PeerState.DOWN)
    for (let i = 0; i < 40; i++) {
      server.fake(1).answersChecks = false
      // It may come back at any moment of an attempt, or between two.
      server.environment.advance(3_000 + i * 77)
      server.fake(1).answersChecks = true
      server.environment.advance(3_000)
      expect(server.peer(1).state).toBe(PeerState.UP)
      server.fake(1).answersChecks = false
      server.environment.advance(30_000)
      expect(server.peer(1).state).toBe(PeerState.DOWN)
    }
  })

  test("with a refusal of them is given up", () => {
    const server = new ClusterServer([1])
    server.network.listen(peerAddress(1), (wire) => ({
      data: () => wire.send(Uint8Array.of(Status.NOT_READY, 0, 0, 0, 0, 0, 0, 0, 0)),
    }))
    const { asker } = server.ask(1)
    server.environment.advance(10)
    expect(asker.answer?.status).toBe(Status.NODE_DOWN)
    expect(server.changes.at(-1)).toBe("1 down it answered 5 with status 7")
  })

  test("because too much is in flight for one more is not taken for dead", () => {
    const server = withPeer()
    const fake = server.fake(1)
    fake.behaviour = () => "HOLD"
    const fill = (): void => {
      while (server.ask(1, 60_000).status === Status.OK) continue
    }
    fill()
    // Nothing stands still: the oldest are answered, and others follow at once.
    for (let i = 0; i < 6; i++) {
      server.environment.advance(500)
      fake.release(LINK_IN_FLIGHT_MAX)
      server.environment.advance(3)
      fill()
    }
    expect(server.changes.filter((change) => change.includes("down"))).toEqual([])
  })
})

describe("a peer that cannot be reached", () => {
  test("is tried again at growing distances, up to 2 s, for ever", () => {
    const server = new ClusterServer([1])
    server.network.refuse(peerAddress(1))
    server.ask(1)
    const gaps: number[] = []
    let [before, lastMs] = [1, 0]
    for (let ms = 1; ms <= 60_000; ms++) {
      server.environment.advance(1)
      if (server.network.dialled.length === before) continue
      gaps.push(ms - lastMs)
      ;[before, lastMs] = [server.network.dialled.length, ms]
    }
    const bounds = [50, 100, 200, 400, 800, 1_600, ...Array<number>(gaps.length).fill(2_000)]
    for (const [i, gap] of gaps.entries()) expect(gap).toBeWithin(bounds[i]! / 2, bounds[i]! + 4)
    expect(new Set(gaps.slice(6)).size).toBeGreaterThan(gaps.length / 2)
    expect(server.changes.slice(1)).toEqual(["1 down nothing listens there"])
  })

  test("starts over with short waits once it was up for a while", () => {
    const server = new ClusterServer([1])
    server.network.refuse(peerAddress(1))
    server.ask(1)
    server.environment.advance(30_000)
    server.fake(1).listen()
    server.environment.advance(15_000)
    expect(server.peer(1).state).toBe(PeerState.UP)
    server.network.wiresTo(peerAddress(1))[0]!.lose("reset")
    expect(server.changes.at(-1)).toBe("1 down reset")
    server.environment.advance(60)
    expect(server.peer(1).state).toBe(PeerState.UP)
  })

  test("for long is not tried faster for passing a check and failing right after it", () => {
    const server = new ClusterServer([1])
    server.fake(1).behaviour = () => "CLOSE"
    for (let ms = 0; ms < 60_000; ms += 10) {
      server.ask(1)
      server.environment.advance(10)
    }
    expect(server.network.dialled.length).toBeWithin(30, 60)
  })

  test("and does not even refuse is given up after 750 ms", () => {
    const server = new ClusterServer([1])
    server.network.blackHoles.add(peerAddress(1))
    const { asker } = server.ask(1)
    server.environment.advance(800)
    expect(server.changes.at(-1)).toBe("1 down no connection within 750 ms")
    expect(asker.answer?.status).toBe(Status.NODE_DOWN)
    server.network.blackHoles.clear()
    server.environment.advance(3_000)
    expect(server.changes.at(-1)).toBe("1 up")
  })
})

describe("the clock of a peer", () => {
  test.each([0, 250, -40_000, 7_200_000])("that is off by %d ms shows it", (skewMs) => {
    const server = new ClusterServer([1])
    server.fake(1).skewMs = skewMs
    expect(server.peer(1).skewMs).toBeUndefined()
    server.connect()
    expect(Math.abs(server.peer(1).skewMs! - skewMs)).toBeLessThanOrEqual(2)
    server.fake(1).skewMs = skewMs + 10_000
    server.environment.advance(510)
    expect(Math.abs(server.peer(1).skewMs! - skewMs - 10_000)).toBeLessThanOrEqual(1)
    expect(server.peer(1).roundTripMs).toBe(2)
  })
})

describe("a peer in the dark", () => {
  test("has one attempt at a time, each given up, and gets fewer the longer it lasts", () => {
    const server = new ClusterServer([1], 8)
    const { dialled, blackHoles } = server.network
    blackHoles.add(peerAddress(1))
    server.ask(1)
    const tenMinutes: number[] = []
    for (let minute = 0; minute < 10; minute++) {
      const before = dialled.length
      server.environment.advance(60_000)
      tenMinutes.push(dialled.length - before)
      expect(server.network.openAttempts).toBeLessThanOrEqual(1)
    }
    expect(tenMinutes[0]).toBeWithin(20, 40)
    expect(tenMinutes[9]).toBeWithin(3, 8)
    blackHoles.clear()
    server.environment.advance(16_000)
    expect([server.peer(1).state, server.network.wiresTo(peerAddress(1)).length]).toEqual(["up", 8])
  })

  test("is told from one that refuses, which is back within 3 s however long it was away", () => {
    const server = new ClusterServer([1])
    server.network.refuse(peerAddress(1))
    server.ask(1)
    server.environment.advance(600_000)
    server.fake(1).listen()
    server.environment.advance(3_000)
    expect(server.peer(1).state).toBe(PeerState.UP)
  })
})
