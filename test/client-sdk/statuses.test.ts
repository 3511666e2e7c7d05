import { describe, expect, test } from "bun:test"
import { STATUSES, Status } from "../../protocol/index.ts"
import { VirtualClient, nodeOrCode } from "../support/virtual-client.ts"
import { failureOf } from "../support/firn-failure.ts"

const refusals = STATUSES.map((row, status) => ({ ...row, status })).slice(1)
const retryable = refusals.filter((row) => row.retryable)
const final = refusals.filter((row) => !row.retryable)

/** Two servers, of which 0 refuses and is asked first. */
async function withRefusing(status: number, value = 0n): Promise<VirtualClient> {
  const client = new VirtualClient(2)
  client.environment.environment.random = () => 0
  await client.connect()
  client.servers[0]!.behaviour = () => ({ status, value })
  return client
}

describe("a server that refuses", () => {
  test.each(retryable)("with $name: the call goes to another one", async ({ status }) => {
    const client = await withRefusing(status, 30n)
    const call = client.call()
    await client.pass(5)
    expect(nodeOrCode(call)).toBe(1)
    expect(client.servers.map(({ asked }) => asked.length)).toEqual([1, 1])
  })

  test.each(final)("with $name: the call fails at once", async ({ status, name }) => {
    const client = await withRefusing(status, 7n)
    const call = client.call()
    await client.pass(5)
    const error = await failureOf(call)
    expect(error).toMatchObject({ code: name, retryable: false, tries: 1, detail: 7 })
    expect(error.server).toBe("10.0.0.1:6000")
    expect(client.servers[1]!.asked.length).toBe(0)
  })

  test.each(retryable)(
    "with $name, as all others do: the error has the last code and names them all",
    async ({ status, name }) => {
      const client = new VirtualClient(3, { retry: { triesMax: 3 } })
      await client.connect()
      for (const server of client.servers) server.behaviour = () => ({ status, value: 5n })
      const call = client.call()
      await client.pass(100)
      const error = await failureOf(call)
      expect(error).toMatchObject({ code: name, retryable: true, tries: 3, detail: 5 })
      expect(error.message.startsWith(`${name}: after 3 tries: `)).toBe(true)
      const named = error.failures.map(({ server }) => server)
      expect(new Set(named)).toEqual(new Set(["10.0.0.1:6000", "10.0.0.1:6001", "10.0.0.1:6002"]))
      for (const server of named) expect(error.message).toContain(server!)
      expect(error.cause).toBe(error.failures.at(-1))
    },
  )
})

describe("once all servers have refused", () => {
  test("a call rests for the backoff, and may ask them all again", async () => {
    const client = new VirtualClient(2)
    client.environment.environment.random = () => 0.99
    await client.connect()
    const [one, other] = client.servers
    for (const server of [one!, other!]) {
      server.behaviour = () => ({ status: Status.NOT_READY, value: 0n })
    }
    const call = client.call()
    await client.pass(10)
    expect([one!.asked.length, other!.asked.length, nodeOrCode(call)]).toEqual([1, 1, undefined])
    one!.behaviour = () => one!.ids()
    await client.pass(200)
    // The other one refused it once more, or was not asked again.
    expect([nodeOrCode(call), one!.asked.length]).toEqual([0, 2])
    expect(other!.asked.length).toBeWithin(1, 3)
  })

  test("a call rests as long as OVERLOADED says, when that is longer", async () => {
    const client = new VirtualClient(1)
    await client.connect()
    const [server] = client.servers
    server!.behaviour = () => {
      server!.behaviour = ({ count }) => server!.ids(count)
      return { status: Status.OVERLOADED, value: 700n }
    }
    const call = client.call()
    await client.pass(690)
    expect([nodeOrCode(call), server!.asked.length]).toEqual([undefined, 1])
    await client.pass(20)
    expect([nodeOrCode(call), server!.asked.length]).toEqual([0, 2])
  })

  test("a call for which the rest is too long fails at once", async () => {
    const client = new VirtualClient(1)
    await client.connect()
    client.servers[0]!.behaviour = () => ({ status: Status.OVERLOADED, value: 700n })
    const call = client.call({ timeoutMs: 600 })
    await client.pass(3)
    const error = await failureOf(call)
    expect(error).toMatchObject({ code: "OVERLOADED", detail: 700, tries: 1 })
  })

  test.each([1, 2, 5, 9])(
    "a call is tried %d times, as triesMax says, and then fails",
    async (triesMax) => {
      const client = new VirtualClient(2, { retry: { triesMax } })
      await client.connect()
      for (const server of client.servers) {
        server.behaviour = () => ({ status: Status.NOT_READY, value: 0n })
      }
      const call = client.call({ timeoutMs: 60_000 })
      await client.pass(60_000)
      expect((await failureOf(call)).tries).toBe(triesMax)
      const asked = client.servers.map((server) => server.asked.length)
      expect(asked[0]! + asked[1]!).toBe(triesMax)
    },
  )
})
