import { describe, expect, test } from "bun:test"
import { REQUEST_SIZE } from "../../protocol/index.ts"
import { failureOf } from "../support/firn-failure.ts"
import { VirtualClient, nodeOrCode } from "../support/virtual-client.ts"

/** A client of one server, connected. */
async function connected(): Promise<VirtualClient> {
  const client = new VirtualClient(1)
  await client.connect()
  client.wires(0)[0]!.writes.length = 0
  return client
}

function writes(client: VirtualClient): number[] {
  return client.wires(0)[0]!.writes.map((bytes) => bytes / REQUEST_SIZE)
}

describe("a connection writes", () => {
  test("the calls of one turn at once, and those of the next apart", async () => {
    const client = await connected()
    for (let i = 0; i < 300; i++) void client.call()
    expect(writes(client)).toEqual([])
    await client.pass(0)
    expect(writes(client)).toEqual([300])
    void client.call()
    void client.call()
    await client.pass(0)
    expect(writes(client)).toEqual([300, 2])
  })

  test("calls that are made in microtasks of one turn with the rest of it", async () => {
    const client = await connected()
    const more = async (): Promise<void> => {
      await Promise.resolve()
      void client.call()
    }
    await Promise.all([more(), more(), more()])
    await client.pass(0)
    expect(writes(client).reduce((sum, requests) => sum + requests)).toBe(3)
    expect(writes(client).length).toBe(1)
  })

  test("4,096 requests as soon as they are there, so that they are on their way", async () => {
    const client = await connected()
    for (let i = 0; i < 10_000; i++) void client.call()
    expect(writes(client)).toEqual([4_096, 4_096])
    await client.pass(0)
    expect(writes(client)).toEqual([4_096, 4_096, 10_000 - 8_192])
    await client.pass(5)
    expect(client.servers[0]!.asked.length).toBe(10_000)
  })

  test("nothing at the end of a turn of which all has been written", async () => {
    const client = await connected()
    for (let i = 0; i < 8_192; i++) void client.call()
    await client.pass(0)
    expect(writes(client)).toEqual([4_096, 4_096])
  })

  test("the calls that waited for it at once, as soon as it has told what it is", async () => {
    const client = new VirtualClient(1)
    const calls = Array.from({ length: 200 }, () => client.call())
    await client.pass(10)
    expect(writes(client)).toEqual([2, 200])
    expect(calls.map(nodeOrCode)).toEqual(calls.map(() => 0))
  })

  test("nothing while the socket is full, and then all that has come meanwhile", async () => {
    const client = await connected()
    const { environment } = client
    environment.isFull = true
    const calls = [client.call()]
    await client.pass(1)
    for (let turn = 0; turn < 3; turn++) {
      calls.push(client.call(), client.call())
      await client.pass(1)
    }
    expect(writes(client)).toEqual([1])
    environment.drain()
    expect(writes(client)).toEqual([1, 6])
    await client.pass(5)
    expect(calls.map(nodeOrCode)).toEqual(calls.map(() => 0))
  })

  test("no more than all its places, however full the socket is", async () => {
    const client = await connected()
    client.servers[0]!.behaviour = () => "HOLD"
    client.environment.isFull = true
    const calls = Array.from({ length: 65_536 }, () => client.call({ timeoutMs: 10 }))
    await client.pass(0)
    expect(writes(client)).toEqual([4_096])
    await client.pass(10)
    expect(new Set(calls.map(nodeOrCode))).toEqual(new Set(["TIMEOUT"]))
    // They are over, but their answers may still come.
    const error = await failureOf(client.call({ timeoutMs: 10 }))
    expect(error.code).toBe("OVERLOADED")
    expect(error.message).toContain("all places on its connection are taken")
  })
})

describe("a connection has one timer", () => {
  test("for all its calls, whatever their deadlines, and none when it is idle", async () => {
    const client = await connected()
    const { environment } = client
    const before = environment.timersSet
    for (let i = 0; i < 1_000; i++) void client.call({ timeoutMs: 1_000 + i })
    expect(environment.timers).toBe(1)
    expect(environment.timersSet - before).toBe(1)
    await client.pass(20_000)
    expect(environment.timers).toBe(0)
  })

  test("which is set again for an earlier deadline, but not for later ones", async () => {
    const client = await connected()
    const { environment } = client
    client.servers[0]!.behaviour = () => "HOLD"
    const calls = [500, 100, 300, 100, 50].map((timeoutMs) => client.call({ timeoutMs }))
    expect(environment.timers).toBe(1)
    for (const [passMs, ended] of [
      [49, 0],
      [1, 1],
      [50, 3],
      [200, 4],
      [200, 5],
    ] as const) {
      await client.pass(passMs)
      expect(calls.filter((call) => nodeOrCode(call) === "TIMEOUT").length).toBe(ended)
      expect(environment.timers).toBeLessThan(2)
    }
  })

  test("while it connects as well, and calls that wait have one together", async () => {
    const client = new VirtualClient(1)
    for (let i = 0; i < 500; i++) void client.call({ timeoutMs: 1_000 + i })
    expect(client.environment.timers).toBe(2)
    await client.pass(10)
    expect(client.environment.timers).toBe(1)
  })

  test("and leaves none behind when the client is closed", async () => {
    const client = new VirtualClient(3, { connectionsPerServer: 2 })
    await client.connect()
    client.kill(1)
    const calls = Array.from({ length: 50 }, () => client.call())
    await client.pass(1)
    await client.close()
    expect(client.environment.timers).toBe(0)
    await client.pass(10)
    expect(client.environment.environment.timerCount).toBe(0)
    expect(calls.map(nodeOrCode)).not.toContain(undefined)
  })
})
