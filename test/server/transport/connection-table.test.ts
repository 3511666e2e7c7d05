import { describe, expect, test } from "bun:test"
import { Op, Status } from "../../../protocol/index.ts"
import { Drain } from "../../../server/drain.ts"
import { CloseReason } from "../../../server/transport/connection-counts.ts"
import { ClusterServer } from "../../support/cluster-server.ts"
import { FakeServer } from "../../support/fake-client.ts"
import { many } from "../../support/fake-sessions.ts"
import { VirtualNode } from "../../support/virtual-node.ts"
import { TableServer } from "../../support/table-client.ts"
import type { TableClient } from "../../support/table-client.ts"
import { requests } from "../../support/tcp-client.ts"

const PING = requests([{ op: Op.PING, count: 0 }])
const FORWARDED = requests([{ op: Op.PING, count: 0, flags: 1 }])

describe("a table of connections", () => {
  test("serves as many clients as it may, and another one for each that leaves", () => {
    const server = new TableServer({ maxConnections: 2, maxRefused: 0 })
    const first = server.connect()
    const second = server.connect()
    expect([server.connect().isTurnedAway, server.table.counts.open]).toEqual([true, 2])
    first.leave()
    expect(server.table.counts.open).toBe(1)
    const third = server.connect()
    for (const client of [second, third]) {
      client.send(PING)
      expect(client.answers.map(({ status }) => status)).toEqual([Status.OK])
    }
    expect(server.table.counts).toMatchObject({ accepted: 3, open: 2, refused: 1 })
  })

  test("refuses so many at a time with an answer, and turns away the others", () => {
    const server = new TableServer({ maxConnections: 1, maxRefused: 2 })
    server.connect()
    const refused = [server.connect(), server.connect()]
    expect(server.connect().isTurnedAway).toBe(true)
    for (const client of refused) {
      client.send(PING)
      expect(client.answers).toEqual([{ status: Status.OVERLOADED, value: 1_000n }])
      client.leave()
    }
    expect(server.connect().isTurnedAway).toBe(false)
    expect(server.table.counts).toMatchObject({ accepted: 1, open: 1, refused: 3 })
  })

  test("waits a second for what a client that is refused asks, or for it to close", () => {
    const server = new TableServer({ maxConnections: 1 })
    server.connect().send(PING)
    const silent = server.connect()
    const staying = server.connect()
    staying.send(PING)
    server.pass(1)
    expect([silent.calls, staying.calls]).toEqual([[], ["shutdown"]])
    server.pass(1)
    expect([silent.calls, staying.calls]).toEqual([["terminate"], ["shutdown", "terminate"]])
    expect(server.table.counts).toMatchObject({ accepted: 1, refused: 2 })
  })

  test("serves other nodes that come when there is no place for clients", () => {
    const server = new TableServer({ maxConnections: 1, maxPeerConnections: 2 })
    server.connect()
    const peers = [server.connect(), server.connect(), server.connect()]
    for (const peer of peers) peer.send(FORWARDED, FORWARDED)
    expect(peers.map(({ answers }) => answers.map(({ status }) => status))).toEqual([
      [Status.OK, Status.OK],
      [Status.OK, Status.OK],
      [Status.OVERLOADED],
    ])
    expect(server.table.counts).toMatchObject({ accepted: 3, open: 3, refused: 0 })
    peers[0]!.halfClose()
    expect(peers[0]!.calls).toEqual(["end"])
    expect(server.table.counts.open).toBe(2)
    const next = server.connect()
    next.send(FORWARDED)
    expect(next.answers.map(({ status }) => status)).toEqual([Status.OK])
    // None of them is taken for one that was refused.
    server.pass(3)
    expect([peers[1]!.isClosed, next.isClosed]).toEqual([false, false])
  })

  test("says once a second how many it has refused", () => {
    const server = new TableServer({ maxConnections: 1, maxRefused: 0 })
    server.connect()
    for (let i = 0; i < 5; i++) server.connect()
    expect(server.log.texts()).toEqual([])
    server.pass(3)
    server.connect()
    server.table.turnedAway()
    server.pass(1)
    expect(server.log.texts()).toEqual([
      "warn clients-refused clients refused: 5; --max-connections is 1",
      "warn clients-refused clients refused: 1; --max-connections is 1",
      "warn clients-turned-away clients closed at once: 1; the limit of open files is near",
    ])
    expect(server.log.lines[0]).toMatchObject({ refused: 5, open: 1 })
  })

  test("tells of clients that were turned away also while nobody is connected", () => {
    const server = new TableServer()
    server.table.turnedAway()
    server.pass(1)
    expect(server.log.lines.map(({ event }) => event)).toEqual(["clients-turned-away"])
  })

  test("sets one timer, however many clients there are, and none while there is nobody", () => {
    const server = new TableServer()
    const { environment } = server.fake.node
    expect(environment.timerCount).toBe(0)
    const clients = Array.from({ length: 1_000 }, () => server.connect())
    expect(environment.timerCount).toBe(1)
    server.pass(2)
    expect(environment.timerCount).toBe(1)
    for (const client of clients) client.leave()
    server.pass(1)
    expect(environment.timerCount).toBe(0)
  })

  test("closes those that it serves once they are answered, those that it refuses at once", async () => {
    const server = new TableServer({ maxConnections: 1 })
    const served = server.connect()
    const refused = server.connect()
    served.send(PING)
    const { environment } = server.fake.node
    const closed = server.table.close(new Drain(environment, 0, 10_000))
    environment.advance(200)
    for (let i = 0; i < 10; i++) await Promise.resolve()
    expect([served.calls, refused.calls]).toEqual([["shutdown"], ["terminate"]])
    served.halfClose()
    await closed
    expect([served.calls, server.table.counts.open]).toEqual([["shutdown", "end"], 0])
    server.fake.node.environment.advance(10_000)
    expect(server.fake.node.environment.timerCount).toBe(0)
  })

  test("ends none on which something comes, though it is the rest of a request", async () => {
    const server = new TableServer()
    const client = server.connect()
    const { environment } = server.fake.node
    const closed = server.table.close(new Drain(environment, 0, 60_000))
    const step = async (): Promise<void> => {
      environment.advance(200)
      for (let i = 0; i < 10; i++) await Promise.resolve()
    }
    for (const byte of ["n", "o", "d", "e", "s", " "]) {
      client.send(byte)
      await step()
      expect(client.calls).toEqual([])
    }
    await step()
    expect(client.calls).toEqual(["shutdown"])
    client.halfClose()
    await closed
  })
})

/** What a table has closed, without what it has not. */
function closings({ table }: TableServer): Record<string, number> {
  return Object.fromEntries(Object.entries(table.counts.closed).filter(([, count]) => count > 0))
}

describe("a client", () => {
  const LIMITS = { readTimeoutMs: 5_000 }

  test("that sends nothing is closed", () => {
    const server = new TableServer(LIMITS)
    const client = server.connect()
    server.pass(5)
    expect(client.isClosed).toBe(false)
    server.pass(1)
    expect(client.calls).toEqual(["end"])
    expect(closings(server)).toEqual({ [CloseReason.NO_FIRST_BYTE]: 1 })
    expect(server.log.texts()).toEqual(["info clients-closed clients closed: 1 sent nothing"])
  })

  test.each([
    ["frame", PING.subarray(0, 3), PING.subarray(3, 4)],
    ["line", "lun", "i"],
    ["line that is too long", "x".repeat(300), "x"],
  ])("that does not finish a %s is closed, though it sends on", (_, beginning, more) => {
    const server = new TableServer(LIMITS)
    const client = server.connect()
    server.pass(3)
    client.send(beginning)
    for (let second = 0; second < 5; second++) {
      server.pass(1)
      if (second < 3) client.send(more)
    }
    expect(client.isClosed).toBe(false)
    server.pass(1)
    expect(client.isClosed).toBe(true)
    expect(closings(server)).toEqual({ [CloseReason.UNFINISHED_REQUEST]: 1 })
  })

  test("whose chunks never end with a request is served for as long as it sends", () => {
    const server = new TableServer(LIMITS)
    const client = server.connect()
    const stream = many(50, { op: Op.PING, count: 0 })
    for (let at = 0; at < 40; at++) {
      client.send(stream.subarray(at === 0 ? 0 : at * 8 + 3, at * 8 + 11))
      server.pass(1)
    }
    expect([client.isClosed, client.answers.length]).toEqual([false, 40])
  })

  test("may be idle for as long as it likes, unless there is a limit", () => {
    const server = new TableServer(LIMITS)
    const client = server.connect()
    client.send(PING)
    server.pass(100_000)
    expect(client.isClosed).toBe(false)
    // From here on it has as much time for a frame as any other.
    client.send(PING.subarray(0, 1))
    server.pass(5)
    client.send(PING.subarray(1))
    expect(client.answers.length).toBe(2)
  })

  test("that is idle for longer than the limit is closed", () => {
    const server = new TableServer({ ...LIMITS, idleTimeoutMs: 10_000 })
    const client = server.connect()
    client.send("ping\n")
    server.pass(8)
    client.send("ping\n")
    server.pass(10)
    expect(client.isClosed).toBe(false)
    server.pass(1)
    expect(client.isClosed).toBe(true)
    expect(closings(server)).toEqual({ [CloseReason.IDLE]: 1 })
    expect(server.log.texts()).toEqual(["info clients-closed clients closed: 1 idle"])
  })

  const IMPATIENT = { readTimeoutMs: 1_000, idleTimeoutMs: 1_000 }

  function expectHeld(server: TableServer, client: TableClient): void {
    server.pass(20)
    expect(client.isClosed).toBe(false)
  }

  test("that waits for ids is not idle", () => {
    const fake = new FakeServer(new VirtualNode(), 60_000)
    fake.node.takeAll(4_096)
    const server = new TableServer(IMPATIENT, fake)
    const client = server.connect()
    fake.node.environment.wallStands = true
    client.send(requests([{ count: 4_096 }]), PING.subarray(0, 3))
    expectHeld(server, client)
    expect(client.answers).toEqual([])
  })

  test("that does not read its answers is not idle", () => {
    const server = new TableServer({ ...IMPATIENT, writeTimeoutMs: 60_000 })
    const client = server.connect()
    client.accept = () => 4
    client.send(PING)
    expectHeld(server, client)
    // Nor is it from the moment on in which it has read them.
    client.accept = (length) => length
    client.drain()
    server.pass(1)
    expect([client.isClosed, client.answers.length]).toEqual([false, 1])
    server.pass(2)
    expect(client.isClosed).toBe(true)
  })

  test("that waits for another node is not idle", () => {
    const fake = new ClusterServer([1])
    fake.connect()
    fake.fake(1).behaviour = () => "HOLD"
    const server = new TableServer(IMPATIENT, fake)
    const client = server.connect()
    client.send(requests([{ op: Op.NODE, target: 1 }]))
    fake.environment.advance(900)
    expect([client.isClosed, client.answers]).toEqual([false, []])
    fake.environment.advance(1_500)
    // Its time begins with the answer, which was TIMEOUT.
    expect([client.isClosed, client.answers.length]).toEqual([false, 1])
    server.pass(2)
    expect(client.isClosed).toBe(true)
  })
})
