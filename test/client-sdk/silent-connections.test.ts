import { describe, expect, test } from "bun:test"
import { RUNTIMES, runClientScript, testUnder } from "../support/client-script.ts"
import { ANY_ADDRESS, TcpPeer, givingIds } from "../support/tcp-peer.ts"
import { VirtualClient, nodeOrCode } from "../support/virtual-client.ts"
import type { VirtualClientOptions } from "../support/virtual-client.ts"

/** With the default of `tryTimeoutMs`: a third of it for a PING, and a connect. */
const WITHIN_MS = 500 + 10

/** A client that is connected; its connections are then forgotten by the network. */
async function forgotten(
  servers: number,
  options: VirtualClientOptions,
  idleMs: number,
): Promise<VirtualClient> {
  const client = new VirtualClient(servers, options)
  await client.connect()
  await client.pass(idleMs)
  for (const id of client.servers.keys()) {
    for (const wire of client.wires(id)) wire.isForgotten = true
  }
  return client
}

describe("when the network has forgotten all connections", () => {
  test.each([
    ["8 connections to one server", 1, { connectionsPerServer: 8 }],
    ["one connection to one server", 1, {}],
    ["one connection to each of 8 servers", 8, {}],
    ["3 connections to each of 5 servers", 5, { connectionsPerServer: 3 }],
  ] as const)("the first calls on %s are answered on new ones", async (_, servers, options) => {
    for (let seed = 1; seed <= 20; seed++) {
      const client = await forgotten(servers, { ...options, seed }, 5_000)
      const first = client.call()
      await client.pass(WITHIN_MS)
      const others = Array.from({ length: 20 }, () => client.call())
      await client.pass(WITHIN_MS)
      expect(typeof nodeOrCode(first)).toBe("number")
      await client.pass(WITHIN_MS)
      for (const call of others) expect(typeof nodeOrCode(call)).toBe("number")
      expect(client.changes.filter((change) => change.includes("down"))).toEqual([])
      await client.pass(5_000)
      const { connectionsPerServer = 1 } = options as VirtualClientOptions
      for (const id of client.servers.keys()) {
        expect(client.wires(id).filter(({ isForgotten }) => !isForgotten).length).toBeWithin(
          1,
          connectionsPerServer + 1,
        )
      }
      await client.close()
    }
  })

  test("many calls at once are all answered, each once", async () => {
    const client = await forgotten(1, { connectionsPerServer: 8 }, 60_000)
    const calls = Array.from({ length: 1_000 }, () => client.call())
    await client.pass(WITHIN_MS)
    expect(calls.map(nodeOrCode)).toEqual(calls.map(() => 0))
    expect(client.servers[0]!.asked.length).toBe(1_000)
  })

  test("ids are fetched ahead again", async () => {
    const client = await forgotten(1, { prefetch: true, connectionsPerServer: 8 }, 60_000)
    const calls = Array.from({ length: 100 }, () => client.call())
    await client.pass(WITHIN_MS)
    expect(calls.map(nodeOrCode)).toEqual(calls.map(() => 0))
  })

  test("routed calls are answered as well", async () => {
    const client = new VirtualClient(1, { connectionsPerServer: 8 })
    const before = client.call({ random: true })
    await client.pass(50)
    expect(nodeOrCode(before)).toBe(0)
    for (const wire of client.wires(0)) wire.isForgotten = true
    const call = client.call({ random: true })
    await client.pass(WITHIN_MS)
    expect(nodeOrCode(call)).toBe(0)
  })

  test("while calls were under way, these are answered after tryTimeoutMs", async () => {
    const client = new VirtualClient(1, { connectionsPerServer: 8 })
    await client.connect()
    for (let i = 0; i < 8; i++) void client.call()
    await client.pass(4)
    for (const wire of client.wires(0)) wire.isForgotten = true
    const calls = Array.from({ length: 50 }, () => client.call())
    await client.pass(1_510)
    expect(calls.map(nodeOrCode)).toEqual(calls.map(() => 0))
  })
})

describe("a server", () => {
  test("that stands still for a while keeps its connection, and the calls are answered", async () => {
    const client = new VirtualClient(1)
    await client.connect()
    await client.pass(1_000)
    const [server] = client.servers
    server!.answersChecks = false
    server!.behaviour = () => "HOLD"
    const call = client.call()
    await client.pass(400)
    expect(nodeOrCode(call)).toBeUndefined()
    expect(client.wires(0).length).toBe(1)
    await client.pass(100)
    // One more, to find out.
    expect(client.wires(0).length).toBe(2)
    expect(client.changes).toEqual(["0 connecting", "0 up"])
    await client.close()
  })

  test("is asked PING with the first request after a pause, and with no other", async () => {
    const client = new VirtualClient(1)
    await client.connect()
    const [server] = client.servers
    const before = server!.checksAsked
    for (let i = 0; i < 100; i++) {
      void client.call()
      await client.pass(3)
    }
    expect(server!.checksAsked - before).toBeLessThan(2)
    await client.pass(20)
    for (let i = 0; i < 100; i++) void client.call()
    await client.pass(3)
    expect(server!.checksAsked - before).toBeWithin(1, 3)
    expect(server!.asked.length).toBe(200)
  })

  test("that takes longer than a PING may for an id is waited for", async () => {
    const client = new VirtualClient(1)
    await client.connect()
    await client.pass(1_000)
    const [server] = client.servers
    server!.behaviour = () => ({ ...server!.ids(), delayMs: 1_400 })
    const call = client.call()
    await client.pass(1_410)
    expect([nodeOrCode(call), server!.asked.length, client.wires(0).length]).toEqual([0, 1, 1])
  })
})

/** Keeps the event loop busy while the answer comes, past the deadline and `tryTimeoutMs`. */
const BLOCKED = `
const client = new FirnClient({ servers, retry: { tryTimeoutMs: 60 } })
await client.id()
const calls = [client.id({ timeoutMs: 100 }), client.id(), client.id({ key: "a" })]
await new Promise((resolve) => setImmediate(resolve))
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600)
const outcomes = await Promise.allSettled(calls)
console.log(outcomes.map(({ value, reason }) => value === undefined ? reason.message : "id").join())
await client.close()
`

describe.each(RUNTIMES)("under %s", (runtime) => {
  testUnder(runtime)("answers that came while the event loop stood still count", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    const { stdout, stderr } = await runClientScript(runtime, BLOCKED, [peer.address])
    expect({ stdout, stderr }).toEqual({ stdout: "id,id,id\n", stderr: "" })
    // One for calls of the server itself, one for routed ones; none was given up.
    expect(peer.connections).toBe(2)
  })
})
