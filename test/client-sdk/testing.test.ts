import { describe, expect, test } from "bun:test"
import { TestServer, createTestClient } from "../../client-sdk/testing.ts"
import { FirnClient, decodeId } from "../../client-sdk/index.ts"
import type { FirnErrorCode } from "../../client-sdk/index.ts"
import { STATUSES } from "../../protocol/index.ts"
import { nodeOfId } from "../support/fake-peer.ts"
import { failureOf } from "../support/firn-failure.ts"
import { expectDistinct, expectIncreasing } from "../support/ids.ts"

const ONCE = { retry: { triesMax: 1 } }

describe("a client for tests", () => {
  test("gives ids as of a real node: none twice, increasing, of this moment", async () => {
    await using client = createTestClient()
    expect(client).toBeInstanceOf(FirnClient)
    const before = Date.now()
    const ids = [await client.id(), ...(await client.ids(10_000)), await client.id()]
    expectIncreasing(ids)
    const { date, node } = await client.decode(ids[0]!)
    expect(node).toBe(0)
    expect(date.getTime()).toBeGreaterThanOrEqual(before)
    expect(date.getTime()).toBeLessThanOrEqual(Date.now())
  })

  test("gives ids of the node, and of other nodes when they are asked for", async () => {
    const server = new TestServer({ node: 7, epochMs: 1_000 })
    await using client = createTestClient({ servers: server })
    expect(nodeOfId(await client.id())).toBe(7)
    expect(nodeOfId(await client.id({ key: "k" }))).toBe(7)
    expect(nodeOfId(await client.id({ node: 9 }))).toBe(9)
    expect(await client.epoch()).toBe(1_000)
    expect((await client.ping()).node).toBe(7)
    expect(server.idsGiven).toBe(3)
  })

  test("has ids at hand, as the real one", async () => {
    await using client = createTestClient({ prefetch: { size: 100, ttlMs: 600_000 } })
    expect(() => client.idSync()).toThrow("NOT_AT_HAND")
    await client.ready()
    expectDistinct([[client.idSync(), client.idSync(), ...client.idsSync(10)]])
  })

  test("asks several servers, and goes on at another one when one stops", async () => {
    const servers = [new TestServer({ node: 1 }), new TestServer({ node: 2 })]
    await using client = createTestClient({ servers })
    await client.ready()
    await Promise.resolve()
    const nodes = async (): Promise<Set<number>> => {
      const ids = await Promise.all(Array.from({ length: 100 }, () => client.id()))
      return new Set(ids.map(nodeOfId))
    }
    expect(await nodes()).toEqual(new Set([1, 2]))
    servers[0]!.stop()
    expect(await nodes()).toEqual(new Set([2]))
  })

  test("is not made with what is no server", () => {
    const wrong = { servers: "127.0.0.1:6454" } as never
    expect(() => createTestClient(wrong)).toThrow("INVALID_ARGUMENT: servers")
    expect(() => createTestClient({ size: 5 } as never)).toThrow("no property size")
    expect(() => new TestServer({ node: 1_024 })).toThrow("node is 1024")
  })
})

describe("a test server", () => {
  const refusals = STATUSES.slice(1).map(({ name, retryable }) => [name, retryable] as const)
  test.each(refusals)("refuses with %s, until it is resumed", async (status, retryable) => {
    const server = new TestServer()
    await using client = createTestClient({ servers: server, ...ONCE })
    server.refuse(status as never, 1_500)
    const error = await failureOf(client.id())
    expect(error).toMatchObject({ code: status as FirnErrorCode, retryable, detail: 1_500 })
    server.resume()
    expect(typeof (await client.id())).toBe("bigint")
  })

  test("refuses no status that there is not", () => {
    expect(() => new TestServer().refuse("OK" as never)).toThrow(
      '"OK" is none of BAD_REQUEST, UNKNOWN_NODE',
    )
    expect(() => new TestServer().refuse("nonsense" as never)).toThrow("is none of")
    expect(() => new TestServer().refuse("TIMEOUT", -1)).toThrow("detail is -1")
  })

  test("that hangs is waited for, and answers what it has held when it is resumed", async () => {
    const server = new TestServer()
    await using client = createTestClient({ servers: server })
    server.hang()
    expect((await failureOf(client.id({ timeoutMs: 10 }))).code).toBe("TIMEOUT")
    const call = client.id()
    server.resume()
    expect(typeof (await call)).toBe("bigint")
  })

  test("that was stopped cannot be reached, and is found again", async () => {
    const server = new TestServer()
    await using client = createTestClient({ servers: server })
    const first = await client.id()
    server.stop()
    const down = await failureOf(client.id({ timeoutMs: 10 }))
    expect(down.message).toContain("test-server-0: it closed the connection")
    server.resume()
    expectIncreasing([first, await client.id()])
  })

  test("gives 4,096 ids of a millisecond at most, and then of the next", async () => {
    await using client = createTestClient()
    const ids = await client.ids(100_000)
    const perMs = new Map<number, number>()
    for (const id of ids) {
      const { time } = decodeId(id)
      perMs.set(time, (perMs.get(time) ?? 0) + 1)
    }
    expect(Math.max(...perMs.values())).toBeLessThanOrEqual(4_096)
    expectDistinct([ids])
  })
})
