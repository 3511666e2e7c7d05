import { describe, expect, test } from "bun:test"
import { Op } from "../../protocol/index.ts"
import { peerAddress } from "../support/fake-peer.ts"
import { VirtualClient, nodeOrCode } from "../support/virtual-client.ts"

/** How many requests for ids each server was sent. */
function asked({ servers }: VirtualClient): number[] {
  return servers.map((server) => server.asked.length)
}

/** Makes `count` calls, one behind the answer of the other. */
async function callInTurn(client: VirtualClient, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    void client.call()
    await client.pass(3)
  }
}

describe("the server of a call", () => {
  test("is one of all, each about as often, when none has anything in flight", async () => {
    const client = new VirtualClient(4, { seed: 7 })
    await client.connect()
    await callInTurn(client, 400)
    expect(Math.min(...asked(client))).toBeGreaterThan(60)
    expect(Math.max(...asked(client))).toBeLessThan(140)
  })

  test("is the one with less in flight of two, so that calls spread evenly", async () => {
    const client = new VirtualClient(8, { seed: 3 })
    await client.connect()
    for (const server of client.servers) server.behaviour = () => "HOLD"
    for (let i = 0; i < 800; i++) void client.call()
    await client.pass(10)
    // Of one picked at random the spread would be about 100 ± 30.
    expect(Math.min(...asked(client))).toBeGreaterThan(95)
    expect(Math.max(...asked(client))).toBeLessThan(105)
  })

  test("is never the busiest, when the others are not as busy", async () => {
    const client = new VirtualClient(3, { seed: 5 })
    await client.connect()
    const [busy, ...others] = client.servers
    busy!.behaviour = () => "HOLD"
    const held = Array.from({ length: 300 }, () => client.call())
    await client.pass(3)
    const before = busy!.asked.length
    expect(before).toBeGreaterThan(50)
    await callInTurn(client, 100)
    expect(busy!.asked.length).toBe(before)
    expect(others.map((server) => server.asked.length > 100)).toEqual([true, true])
    busy!.release()
    await client.pass(3)
    expect(held.map(nodeOrCode)).not.toContain(undefined)
  })

  test("is none on which a call has timed out, until it says something again", async () => {
    const client = new VirtualClient(2, { seed: 2, retry: { tryTimeoutMs: 50 } })
    await client.connect()
    const [late, live] = client.servers
    late!.behaviour = () => ({ ...late!.ids(), delayMs: 90 })
    const calls = Array.from({ length: 20 }, () => client.call())
    await client.pass(60)
    expect(calls.map(nodeOrCode)).toEqual(calls.map(() => 1))
    const before = late!.asked.length
    expect(before).toBeGreaterThan(0)
    // It has less in flight than the live one, whose calls are held.
    live!.behaviour = () => "HOLD"
    for (let i = 0; i < 40; i++) void client.call()
    await client.pass(5)
    expect(late!.asked.length).toBe(before)
    live!.release()
    live!.behaviour = () => live!.ids()
    late!.behaviour = () => late!.ids()
    await callInTurn(client, 2)
    expect(late!.asked.length).toBe(before)
    // By now it has answered what had timed out.
    await client.pass(40)
    await callInTurn(client, 40)
    expect(late!.asked.length).toBeGreaterThan(before)
  })
})

describe("connectionsPerServer", () => {
  test("is how many connections a server gets, and each call goes to the one with least in flight", async () => {
    const client = new VirtualClient(2, { connectionsPerServer: 3 })
    await client.connect()
    expect([client.wires(0).length, client.wires(1).length]).toEqual([3, 3])
    for (const server of client.servers) server.behaviour = () => "HOLD"
    for (let i = 0; i < 60; i++) void client.call()
    await client.pass(1)
    const bytes = [...client.wires(0), ...client.wires(1)].map((wire) => wire.writes.at(-1)! / 8)
    expect(bytes.reduce((sum, requests) => sum + requests)).toBe(60)
    for (const requests of bytes) expect(requests).toBeWithin(9, 12)
  })

  test("that are lost are opened again, and the others are used meanwhile", async () => {
    const client = new VirtualClient(1, { connectionsPerServer: 2 })
    await client.connect()
    client.wires(0)[0]!.lose()
    const call = client.call()
    await client.pass(3)
    expect([nodeOrCode(call), client.wires(0).length]).toEqual([0, 1])
    await client.pass(60)
    expect(client.wires(0).length).toBe(2)
    expect(client.changes).toEqual(["0 connecting", "0 up"])
  })

  test("that are lost while another one stays open are tried ever more seldom", async () => {
    const client = new VirtualClient(1, { connectionsPerServer: 2 })
    await client.connect()
    await client.pass(5_000)
    const { dialled } = client.environment.network
    client.environment.network.refuse(peerAddress(0))
    const before = dialled.length
    client.wires(0)[1]!.lose()
    await client.pass(60_000)
    expect(dialled.length - before).toBeWithin(30, 75)
    expect(client.changes).toEqual(["0 connecting", "0 up"])
  })

  test("that cannot be opened are one try of a call together, not one each", async () => {
    const [once, client] = [1, 2].map(
      (triesMax) => new VirtualClient(1, { connectionsPerServer: 8, retry: { triesMax } }),
    ) as [VirtualClient, VirtualClient]
    once.kill(0)
    client.kill(0)
    const [failed, call] = [once.call(), client.call()]
    await once.pass(2)
    await client.pass(2)
    expect([failed, call].map(nodeOrCode)).toEqual(["CONNECT_FAILED", undefined])
    client.servers[0]!.listen()
    await client.pass(60)
    expect(nodeOrCode(call)).toBe(0)
    expect(client.servers[0]!.asked.map(({ op }) => op)).toEqual([Op.LOCAL])
  })
})
