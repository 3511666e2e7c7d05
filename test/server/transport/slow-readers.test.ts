import { describe, expect, test } from "bun:test"
import { Op } from "../../../protocol/index.ts"
import { TableServer } from "../../support/table-client.ts"
import { requests } from "../../support/tcp-client.ts"

const PING = requests([{ op: Op.PING, count: 0 }])
const CHUNK = new Uint8Array(512 * 1_024).fill(5)

describe("a client that does not read its answers", () => {
  test("is cut off once it has read none of them for long enough", () => {
    const server = new TableServer({ writeTimeoutMs: 10_000 })
    const client = server.connect()
    client.accept = () => 0
    client.send(PING, PING)
    server.pass(10)
    expect(client.isClosed).toBe(false)
    server.pass(2)
    expect([client.isClosed, client.calls.at(-1)]).toEqual([true, "terminate"])
    expect(server.table.counts.closed["slow-reader"]).toBe(1)
    expect(server.log.texts()).toEqual(["info clients-closed clients closed: 1 did not read"])
  })

  test("is left alone as long as it reads some", () => {
    const server = new TableServer({ writeTimeoutMs: 3_000 })
    const client = server.connect()
    client.accept = () => 1
    client.send(PING, PING)
    for (let i = 0; i < 8; i++) {
      server.pass(2)
      client.drain()
    }
    expect(client.isClosed).toBe(false)
  })

  test("is cut off at once, those with most first, when too much is kept for all of them", () => {
    const server = new TableServer()
    const clients = Array.from({ length: 70 }, () => server.connect())
    const small = server.connect()
    small.accept = () => 0
    small.send(PING)
    for (const client of clients) {
      client.accept = () => 0
      client.send(CHUNK)
    }
    const closed = clients.filter(({ isClosed }) => isClosed)
    // 32 MiB hold 64 such chunks less the answers that are kept as well, and then 24 MiB are left.
    expect(closed.length).toBeWithin(12, 40)
    expect(server.table.counts.closed["too-much-pending"]).toBe(closed.length)
    expect([small.isClosed, clients[0]!.isClosed]).toEqual([false, false])
    server.pass(1)
    expect(server.log.texts()).toEqual([
      `info clients-closed clients closed: ${closed.length} had too much pending`,
    ])
  })

  test("makes room for others when it leaves", () => {
    const server = new TableServer()
    for (let i = 0; i < 300; i++) {
      const client = server.connect()
      client.accept = () => 0
      client.send(CHUNK)
      client.leave()
    }
    expect(server.table.counts.closed["too-much-pending"]).toBe(0)
  })
})
