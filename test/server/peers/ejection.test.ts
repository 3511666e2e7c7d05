import { describe, expect, test } from "bun:test"
import { Op, Status } from "../../../protocol/index.ts"
import { PeerState } from "../../../server/peers/peer.ts"
import { ClusterServer, TIMEOUT_MS } from "../../support/cluster-server.ts"
import type { OneAsker } from "../../support/cluster-server.ts"
import type { Behaviour, FakePeer } from "../../support/fake-peer.ts"

const PEERS = [1, 2, 3, 4]

function connected(): ClusterServer {
  const server = new ClusterServer(PEERS)
  server.connect()
  server.changes.length = 0
  return server
}

/** Each id after 600 ms, as on a machine that swaps. */
function late(fake: FakePeer): Behaviour {
  return { ...fake.ids(), delayMs: 600 }
}

/** Draws again and again, one at a time. @returns how long each took, in milliseconds */
function draw(server: ClusterServer, times: number): number[] {
  return Array.from({ length: times }, () => {
    const startMs = server.environment.monotonicMs()
    const asker = server.route(Op.RANDOM)
    while (asker.answer === undefined) server.environment.advance(1)
    expect(asker.answer.status).toBe(Status.OK)
    return server.environment.monotonicMs() - startMs
  })
}

function strict(server: ClusterServer, nodeId: number): OneAsker {
  const asker = server.route(Op.NODE, nodeId)
  server.environment.advance(TIMEOUT_MS + 10)
  return asker
}

describe("a peer that passes its checks and gives each id late", () => {
  test("is ejected after five, and drawn no more, but for who asks for it", () => {
    const server = connected()
    server.fake(1).behaviour = () => late(server.fake(1))
    const slow = draw(server, 60).filter((ms) => ms > 20)
    expect(slow.length).toBe(5)
    const reason = "5 answers in a row were late or missing; ejected for 2 s"
    expect(server.changes).toEqual([`1 ejected ${reason}`])
    expect([server.peer(1).state, server.peerSet.live.includes(1)]).toEqual(["ejected", false])
    expect(Math.max(...draw(server, 100))).toBeLessThan(20)
    expect(strict(server, 1).answer?.status).toBe(Status.OK)
    expect(server.peer(1).state).toBe(PeerState.EJECTED)
  })

  test("costs one slow call each time it is tried again, ever less often", () => {
    const server = connected()
    server.fake(1).behaviour = () => late(server.fake(1))
    draw(server, 60)
    let slow = 0
    const endMs = server.environment.monotonicMs() + 60_000
    while (server.environment.monotonicMs() < endMs) {
      slow += draw(server, 1).filter((ms) => ms > 20).length
      server.environment.advance(5)
    }
    // After 2, 4, 8, 16 and 32 s.
    expect(slow).toBeWithin(3, 6)
  })

  test("is drawn again as soon as an answer to who asks for it is in time", () => {
    const server = connected()
    server.fake(1).behaviour = () => late(server.fake(1))
    draw(server, 60)
    server.fake(1).behaviour = () => server.fake(1).ids()
    server.environment.advance(700)
    expect(strict(server, 1).answer?.status).toBe(Status.OK)
    expect(server.changes.at(-1)).toBe("1 up")
    expect(server.peerSet.live.includes(1)).toBe(true)
  })
})

test("a peer that says who it is and never gives an id is ejected, over all its connections", () => {
  const server = connected()
  server.fake(1).behaviour = () => "HOLD"
  const times: number[] = []
  while (server.peer(1).state !== PeerState.EJECTED) {
    times.push(...draw(server, 1))
    server.environment.advance(20)
  }
  expect(times.filter((ms) => ms > 20).length).toBeLessThan(8)
})

test("at most half of the peers are ejected, and one always may be", () => {
  const server = connected()
  for (const fake of server.fakes.values()) fake.behaviour = () => late(fake)
  for (let i = 0; i < 80; i++) draw(server, 1)
  const ejected = server.peerSet.peers.filter(({ state }) => state === PeerState.EJECTED)
  expect(ejected.length).toBe(2)
  const alone = new ClusterServer([1])
  alone.connect()
  alone.fake(1).behaviour = () => late(alone.fake(1))
  draw(alone, 30)
  expect(alone.peer(1).state).toBe(PeerState.EJECTED)
})

test("a peer that stands still once, with many requests waiting, is not ejected for it", () => {
  const server = connected()
  server.fake(1).behaviour = () => "HOLD"
  const asked = Array.from({ length: 2_000 }, () => server.route(Op.RANDOM))
  server.environment.advance(300)
  server.fake(1).release()
  server.fake(1).behaviour = ({ count }) => server.fake(1).ids(count)
  server.environment.advance(10)
  for (const { answer } of asked) expect(answer?.status).toBe(Status.OK)
  draw(server, 50)
  expect(server.changes).toEqual([])
})
