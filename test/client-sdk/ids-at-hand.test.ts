import { describe, expect, test } from "bun:test"
import { FirnClient, FirnError } from "../../client-sdk/index.ts"
import { failureOf } from "../support/firn-failure.ts"
import { expectIncreasing } from "../support/ids.ts"
import { ANY_ADDRESS, TcpPeer, givingIds } from "../support/tcp-peer.ts"
import { VirtualClient } from "../support/virtual-client.ts"
import type { VirtualClientOptions } from "../support/virtual-client.ts"

/** A client whose ids are at hand. */
async function ready(prefetch: VirtualClientOptions["prefetch"]): Promise<VirtualClient> {
  const client = new VirtualClient(1, { prefetch: prefetch! })
  const isReady = client.client.ready()
  await client.pass(10)
  await isReady
  return client
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (!(error instanceof FirnError)) throw error
    return error.code
  }
}

describe("ready()", () => {
  test("connects, and has as many ids at hand as are kept", async () => {
    const { client, servers } = await ready({ size: 10_000 })
    expect(servers[0]!.asked.map(({ count }) => count)).toEqual([4_096, 4_096, 1_808])
    const ids = Array.from({ length: 5_000 }, () => client.idSync())
    expectIncreasing(ids)
  })

  test("connects without prefetch too, and can be called twice", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    await using client = new FirnClient({ servers: peer.address })
    await Promise.all([client.ready(), client.ready()])
    await client.ready({ timeoutMs: 100 })
    expect(peer.connections).toBe(1)
  })

  test("fails as a call does when no server is there, at its deadline", async () => {
    const client = new VirtualClient(1, { prefetch: true, retry: { triesMax: 2 } })
    client.kill(0)
    const failed = failureOf(client.client.ready({ timeoutMs: 500 }))
    await client.pass(500)
    expect((await failed).code).toBe("CONNECT_FAILED")
    const { client: closed } = client
    await client.close()
    expect((await failureOf(closed.ready())).code).toBe("CLOSED")
  })

  test("refuses options of another kind of call", async () => {
    const { client } = await ready(true)
    const wrong = { node: 3 } as object
    expect((await failureOf(client.ready(wrong))).code).toBe("INVALID_ARGUMENT")
  })
})

describe("idSync() and idsSync()", () => {
  test("throw when the client has no prefetch, has not begun, or is closed", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    await using plain = new FirnClient({ servers: peer.address })
    expect(codeOf(() => plain.idSync())).toBe("INVALID_ARGUMENT")
    await using client = new FirnClient({ servers: peer.address, prefetch: true })
    expect(codeOf(() => client.idSync())).toBe("NOT_AT_HAND")
    await client.ready()
    expect(typeof client.idSync()).toBe("bigint")
    await client.close()
    expect(codeOf(() => client.idSync())).toBe("CLOSED")
    expect(codeOf(() => client.idsSync(3))).toBe("CLOSED")
  })

  test("say what to do when there are too few", async () => {
    const { client } = await ready({ size: 10 })
    expect(() => client.idsSync(11)).toThrow(
      "NOT_AT_HAND: fewer than 11 ids are at hand; more are on their way (await client.ready()",
    )
    expect(client.idsSync(0)).toEqual([])
    for (const count of [-1, 1.5, 65_537, "3"]) {
      expect(codeOf(() => client.idsSync(count as number))).toBe("INVALID_ARGUMENT")
    }
  })

  test("take none of the ids when there are too few, and then have enough", async () => {
    const client = await ready({ size: 100 })
    expect(codeOf(() => client.client.idsSync(101))).toBe("NOT_AT_HAND")
    const first = client.client.idSync()
    await client.pass(5)
    const ids = client.client.idsSync(190)
    expectIncreasing([first, ...ids])
  })

  test("have ids that increase, whichever servers they are from", async () => {
    const client = new VirtualClient(3, { prefetch: { size: 20_000 } })
    const isReady = client.client.ready()
    await client.pass(20)
    await isReady
    expectIncreasing(client.client.idsSync(12_000))
  })

  test("find ids at hand after any pause, none of them older than ttlMs", async () => {
    const client = await ready({ size: 50, ttlMs: 1_000 })
    client.client.idSync()
    for (const pauseMs of [10, 990, 1_000, 1_500, 60_000]) {
      await client.pass(pauseMs)
      const before = client.servers[0]!.asked.length
      // More than half of what is kept is there at any time.
      expectIncreasing(client.client.idsSync(26))
      expect(before).toBeGreaterThan(0)
      await client.pass(3)
    }
    // 63 s of it, with no more ids than are kept.
    const { asked } = client.servers[0]!
    expect(asked.reduce((sum, { count }) => sum + count, 0)).toBeWithin(50 * 63, 50 * 66 * 2)
    expect(Math.max(...asked.map(({ count }) => count))).toBeLessThanOrEqual(50)
  })

  test("keep up with bursts: what ran out is kept twice as large, and for a while only", async () => {
    const client = await ready({ size: 64, ttlMs: 1_000 })
    let missed = 0
    for (let burst = 0; burst < 12; burst++) {
      for (let i = 0; i < 1_000; i++) {
        if (codeOf(() => client.client.idSync()) !== undefined) missed++
      }
      await client.pass(200)
    }
    expect(missed).toBeGreaterThan(0)
    const before = missed
    for (let i = 0; i < 1_000; i++) client.client.idSync()
    expect(missed).toBe(before)
    const { asked } = client.servers[0]!
    await client.pass(120_000)
    asked.length = 0
    await client.pass(1_600)
    expect(Math.max(...asked.map(({ count }) => count))).toBe(64)
  })

  test("leave nothing behind that runs when the client is closed", async () => {
    const client = await ready(true)
    client.client.idSync()
    await client.close()
    await client.pass(10)
    expect(client.environment.environment.timerCount).toBe(0)
  })
})

test("a client that never takes ids so fetches none while it is idle", async () => {
  const client = await ready({ size: 50 })
  const { length } = client.servers[0]!.asked
  await client.pass(60_000)
  expect(client.servers[0]!.asked.length).toBe(length)
})

describe("servers", () => {
  test.each(["firn://", ""])("are a text as well, beginning with %j", async (scheme) => {
    using one = new TcpPeer(ANY_ADDRESS, givingIds(1))
    using other = new TcpPeer(ANY_ADDRESS, givingIds(2))
    const servers = `${scheme}${one.address}, ${other.address}`
    await using client = new FirnClient({ servers })
    await client.id()
    await client.id({ node: 1 })
    expect(one.connections + other.connections).toBeGreaterThan(1)
  })
})

test("an error shows itself as JSON, the failures behind it as well", async () => {
  const client = new VirtualClient(2, { retry: { triesMax: 1 } })
  for (const id of client.servers.keys()) client.kill(id)
  const failed = failureOf(client.call())
  await client.pass(10)
  const error = await failed
  const shown = JSON.parse(JSON.stringify(error)) as Record<string, unknown>
  expect(shown).toMatchObject({
    name: "FirnError",
    code: "CONNECT_FAILED",
    message: error.message,
    retryable: true,
    server: error.server!,
    tries: 2,
  })
  expect(shown["failures"]).toMatchObject([{ code: "CONNECT_FAILED" }, { code: "CONNECT_FAILED" }])
})
