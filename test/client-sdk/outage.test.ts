import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { FirnError } from "../../client-sdk/index.ts"
import { Outage } from "../../client-sdk/outage.ts"
import { failureOf } from "../support/firn-failure.ts"
import { VirtualClient, nodeOrCode } from "../support/virtual-client.ts"

describe("calls that wait while no server can be reached", () => {
  test("share what is said of the servers, however many of both there are", async () => {
    const client = new VirtualClient(300)
    for (const id of client.servers.keys()) client.kill(id)
    const calls = Array.from({ length: 500 }, () => failureOf(client.call()))
    await client.pass(2)
    const errors = await Promise.all(calls)
    const [first] = errors
    expect(first).toMatchObject({ code: "CONNECT_FAILED", tries: 300 })
    expect(new Set(first!.failures.map(({ server }) => server)).size).toBe(300)
    // Not one list for each call, or the cost were calls times servers.
    expect(new Set(errors.map(({ failures }) => failures)).size).toBe(1)
    expect(new Set(errors.map(({ message }) => message)).size).toBe(1)
    expect(first!.message).toMatch(/^CONNECT_FAILED: after 300 tries: 10\.0\.0\.1:\d+: nothing/)
    expect(first!.message).toEndWith("; and 292 more servers")
  })

  test("are tried triesMax times each, whenever they began to wait", async () => {
    const client = new VirtualClient(1, { retry: { triesMax: 3 } })
    client.kill(0)
    const early = client.call()
    await client.pass(5)
    const late = client.call()
    await client.pass(5_000)
    expect([early, late].map(nodeOrCode)).toEqual(["CONNECT_FAILED", "CONNECT_FAILED"])
    for (const call of [early, late]) expect((await failureOf(call)).tries).toBe(3)
  })

  test("tell what they missed when their time is up, and nothing from before they waited", async () => {
    const client = new VirtualClient(1, { retry: { triesMax: 100 } })
    client.kill(0)
    const early = client.call({ timeoutMs: 1_000 })
    await client.pass(900)
    const late = client.call({ timeoutMs: 20 })
    await client.pass(200)
    const [one, other] = await Promise.all([failureOf(early), failureOf(late)])
    expect(one.tries).toBeGreaterThan(3)
    expect(one.message).toContain("no connection within 1000 ms")
    expect(other.code).toBe("TIMEOUT")
    expect(other.tries).toBeLessThan(2)
  })
})

test("an outage tells the last failure of each server since a moment, as a plain list does", () => {
  const servers = fc.constantFrom("a", "b", "c")
  const steps = fc.array(fc.oneof(servers, fc.nat(30)), { maxLength: 40 })
  fc.assert(
    fc.property(steps, (plan) => {
      const outage = new Outage()
      const all: FirnError[] = []
      for (const step of plan) {
        if (typeof step === "string") {
          const failure = new FirnError("CONNECT_FAILED", "for a test", { server: step })
          all.push(failure)
          outage.note(step, failure)
          continue
        }
        const from = Math.min(step, outage.count)
        const since = all.slice(from)
        const last = since.filter(
          ({ server }, i) => since.findLastIndex((other) => other.server === server) === i,
        )
        expect(outage.since(from)).toEqual({ tries: since.length, failures: last })
      }
    }),
  )
})
