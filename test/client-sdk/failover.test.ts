import { describe, expect, test } from "bun:test"
import { peerAddress } from "../support/fake-peer.ts"
import { failureOf } from "../support/firn-failure.ts"
import { VirtualClient, nodeOrCode } from "../support/virtual-client.ts"

describe("of a dead server and a live one", () => {
  test.each([0, 1])(
    "each call is answered by the live one, when number %d is dead",
    async (dead) => {
      const client = new VirtualClient(2)
      client.kill(dead)
      const calls = Array.from({ length: 50 }, () => client.call())
      await client.pass(5)
      expect(calls.map(nodeOrCode)).toEqual(calls.map(() => 1 - dead))
    },
  )

  test("that swallows connections, the calls do not wait for it", async () => {
    const client = new VirtualClient(2)
    client.environment.network.blackHoles.add(peerAddress(0))
    const calls = Array.from({ length: 50 }, () => client.call())
    await client.pass(5)
    expect(calls.map(nodeOrCode)).toEqual(calls.map(() => 1))
  })

  test("that dies with calls in flight, they go to the live one, each once", async () => {
    const client = new VirtualClient(2)
    await client.connect()
    client.servers[0]!.behaviour = () => "HOLD"
    const calls = Array.from({ length: 1_000 }, () => client.call())
    await client.pass(5)
    client.kill(0)
    await client.pass(5)
    expect(calls.map(nodeOrCode)).toEqual(calls.map(() => 1))
    expect(client.servers[1]!.asked.length).toBe(1_000)
    expect(new Set(calls.map((call) => Bun.peek(call))).size).toBe(1_000)
  })
})

describe("a server that comes back", () => {
  test("is used again, within the longest backoff", async () => {
    const client = new VirtualClient(1)
    await client.connect()
    client.kill(0)
    await client.pass(60_000)
    client.servers[0]!.listen()
    const call = client.call()
    await client.pass(2_010)
    expect(nodeOrCode(call)).toBe(0)
  })

  test("is used again soon when it was up for a while, however often that happens", async () => {
    const client = new VirtualClient(1)
    await client.connect()
    for (let round = 0; round < 8; round++) {
      await client.pass(1_000)
      client.kill(0)
      client.servers[0]!.listen()
      const call = client.call()
      await client.pass(55)
      expect(nodeOrCode(call)).toBe(0)
    }
  })

  test("answers the calls that waited for it, in their order", async () => {
    const client = new VirtualClient(1, { retry: { triesMax: 50 } })
    client.kill(0)
    const calls = Array.from({ length: 20 }, () => client.call())
    await client.pass(300)
    client.servers[0]!.listen()
    await client.pass(1_000)
    const ids = calls.map((call) => Bun.peek(call) as bigint)
    expect(ids).toEqual(ids.map((_, i) => ids[0]! + BigInt(i)))
  })

  test("is dialled at most about once a second meanwhile, however many calls want it", async () => {
    const client = new VirtualClient(1, { retry: { triesMax: 1 } })
    client.kill(0)
    for (let i = 0; i < 600; i++) {
      void client.call()
      await client.pass(100)
    }
    expect(client.environment.network.dialled.length).toBeWithin(30, 75)
  })
})

describe("a call that no server answers", () => {
  test("fails after triesMax rounds of refused connections, and names every server", async () => {
    const client = new VirtualClient(2)
    client.kill(0)
    client.kill(1)
    const call = client.call()
    await client.pass(5_000)
    const error = await failureOf(call)
    expect(error).toMatchObject({ code: "CONNECT_FAILED", retryable: true })
    expect(error.tries).toBeWithin(5, 7)
    expect(error.message).toStartWith(`CONNECT_FAILED: after ${error.tries} tries: `)
    for (const id of [0, 1]) {
      expect(error.message).toContain(`${peerAddress(id)}: nothing listens there`)
    }
  })

  test.each([1, 40, 160])("fails at its own deadline of %d ms, not later", async (timeoutMs) => {
    const client = new VirtualClient(2, { retry: { triesMax: 100, tryTimeoutMs: 50 } })
    await client.connect()
    for (const server of client.servers) server.behaviour = () => "HOLD"
    const call = client.call({ timeoutMs })
    await client.pass(timeoutMs - 0.5)
    expect(nodeOrCode(call)).toBeUndefined()
    await client.pass(0.5)
    const error = await failureOf(call)
    expect(error.code).toBe("TIMEOUT")
    // A server that stands still for long enough loses its connection.
    expect(error.message).toMatch(new RegExp(`no (?:answer|connection) within ${timeoutMs} ms`))
  })

  test("for want of a connection fails at its own deadline as well", async () => {
    const client = new VirtualClient(1, { connectTimeoutMs: 60_000 })
    client.environment.network.blackHoles.add(peerAddress(0))
    const call = client.call({ timeoutMs: 300 })
    await client.pass(299)
    expect(nodeOrCode(call)).toBeUndefined()
    await client.pass(1)
    const error = await failureOf(call)
    expect(error).toMatchObject({ code: "TIMEOUT", tries: 0, server: undefined })
    expect(error.message).toBe("TIMEOUT: no connection within 300 ms")
  })
})

describe("a server that is silent", () => {
  test("loses its calls to another one after tryTimeoutMs, and the error does not show", async () => {
    const client = new VirtualClient(2, { retry: { tryTimeoutMs: 100 } })
    await client.connect()
    client.servers[0]!.behaviour = () => "HOLD"
    const calls = Array.from({ length: 40 }, () => client.call())
    await client.pass(99)
    expect(calls.map(nodeOrCode)).toContain(undefined)
    await client.pass(10)
    expect(calls.map(nodeOrCode)).toEqual(calls.map(() => 1))
    // Some of them were asked for there first.
    expect(client.servers[0]!.asked.length).toBeGreaterThan(0)
    expect(client.servers[1]!.asked.length).toBe(40)
  })

  test("is asked again on a new connection, when there is no other server", async () => {
    const client = new VirtualClient(1, { retry: { tryTimeoutMs: 100 } })
    await client.connect()
    const [server] = client.servers
    server!.behaviour = () => "HOLD"
    const call = client.call()
    await client.pass(99)
    expect(server!.asked.length).toBe(1)
    await client.pass(10)
    // By now it has all the time it wants of this connection.
    expect([server!.asked.length, client.changes.at(-1)]).toEqual([2, "0 up"])
    await client.pass(90)
    server!.behaviour = () => server!.ids()
    server!.release()
    await client.pass(2)
    expect([nodeOrCode(call), server!.asked.length, client.wires(0).length]).toEqual([0, 2, 1])
  })

  test("is given up once its oldest request has waited twice that long", async () => {
    const client = new VirtualClient(1, { retry: { tryTimeoutMs: 100 } })
    await client.connect()
    const [server] = client.servers
    server!.behaviour = () => "HOLD"
    const call = client.call()
    await client.pass(310)
    expect(client.changes.at(-1)).toBe("0 down no answer within 200 ms")
    server!.behaviour = () => server!.ids()
    await client.pass(60)
    expect([nodeOrCode(call), server!.asked.length]).toEqual([0, 3])
  })

  test("and answers later is kept, when it does so before it is given up", async () => {
    const client = new VirtualClient(2, { retry: { tryTimeoutMs: 100 } })
    await client.connect()
    client.servers[0]!.behaviour = () => "HOLD"
    const calls = Array.from({ length: 40 }, () => client.call())
    await client.pass(150)
    client.servers[0]!.release()
    await client.pass(1_000)
    expect(new Set(calls.map((call) => Bun.peek(call))).size).toBe(40)
    expect(client.changes.filter((change) => change.includes("down"))).toEqual([])
    expect(client.wires(0).length).toBe(1)
  })
})
