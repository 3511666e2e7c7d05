import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { FirnClient, FirnError } from "../../client-sdk/index.ts"
import { within } from "../support/deadline.ts"
import { nodeOfId } from "../support/fake-peer.ts"
import { failureOf } from "../support/firn-failure.ts"
import { expectDistinct } from "../support/ids.ts"
import { NodeCluster } from "../support/node-cluster.ts"
import { TcpPeer, givingIds } from "../support/tcp-peer.ts"

setDefaultTimeout(30_000)

const CALLS = 1_000

/** Calls with how often each of them has ended. */
class Tally {
  readonly ids: bigint[] = []
  readonly errors: unknown[] = []
  readonly ends: number[] = []
  readonly all: Promise<unknown>

  constructor(calls: readonly Promise<bigint>[]) {
    const noted = calls.map((call, i) => {
      this.ends[i] = 0
      const count = (): unknown => this.ends[i]!++
      return call.then(
        (id) => (count(), this.ids.push(id)),
        (error: unknown) => (count(), this.errors.push(error)),
      )
    })
    this.all = Promise.all(noted)
  }
}

describe("a node that is killed with 1,000 calls in flight", () => {
  test("fails none of them when there is another one, and none gets the same id", async () => {
    await using cluster = await NodeCluster.start(2)
    const ups = new Set<string>()
    const bothUp = Promise.withResolvers<void>()
    await using client = new FirnClient({
      servers: cluster.addresses,
      onStateChange({ server, state }) {
        if (state === "up") ups.add(server)
        if (ups.size === 2) bothUp.resolve()
      },
    })
    const before = await client.ids(100)
    await within("both connections", bothUp.promise)
    // So that its share of the calls cannot be answered before it dies.
    cluster.node(0).kill("SIGSTOP")
    const calls = Array.from({ length: CALLS }, () => client.id())
    const others = calls.map((call) => Bun.peek.status(call))
    expect(others).toEqual(calls.map(() => "pending"))
    const tally = new Tally(calls)
    await cluster.kill(0)
    await within("all calls to end", tally.all)
    expect(tally.errors).toEqual([])
    expect(tally.ends).toEqual(calls.map(() => 1))
    expect(tally.ids.map(nodeOfId)).toEqual(calls.map(() => 1))
    expectDistinct([before, tally.ids])
  })

  test("fails all of them with its address when it was the only one, within their deadline", async () => {
    await using cluster = await NodeCluster.start(1)
    const [server] = cluster.addresses
    await using client = new FirnClient({ servers: [server!], retry: { triesMax: 3 } })
    await client.id()
    cluster.node(0).kill("SIGSTOP")
    const tally = new Tally(Array.from({ length: CALLS }, () => client.id()))
    await cluster.kill(0)
    await within("all calls to end", tally.all)
    expect([tally.ids.length, tally.errors.length]).toEqual([0, CALLS])
    expect(tally.ends).toEqual(Array<number>(CALLS).fill(1))
    for (const error of tally.errors as FirnError[]) {
      expect(error).toMatchObject({ code: "CONNECT_FAILED", tries: 3, server, retryable: true })
      expect(error.message).toContain("nothing listens there")
    }
  })

  test("answers them itself when it is started again in time", async () => {
    await using cluster = await NodeCluster.start(1)
    await using client = new FirnClient({
      servers: cluster.addresses,
      requestTimeoutMs: 20_000,
      retry: { triesMax: 100 },
    })
    const before = await client.ids(100)
    cluster.node(0).kill("SIGSTOP")
    const tally = new Tally(Array.from({ length: CALLS }, () => client.id()))
    await cluster.kill(0)
    await cluster.restart(0)
    await within("all calls to end", tally.all)
    expect(tally.errors).toEqual([])
    expectDistinct([before, tally.ids])
  })
})

describe("real sockets", () => {
  test.each([0, 1])("find the live one of two servers when number %d is dead", async (dead) => {
    using live = new TcpPeer("127.0.0.1:0", givingIds(4))
    await using nobody = new NodeCluster(1)
    const servers = [live.address]
    servers.splice(dead, 0, nobody.addresses[0]!)
    await using client = new FirnClient({ servers })
    const ids = await Promise.all(Array.from({ length: 100 }, () => client.id()))
    expect(ids.map(nodeOfId)).toEqual(ids.map(() => 4))
    expect(live.idRequests.length).toBe(100)
  })

  test("find a server again that has restarted on the same port", async () => {
    await using nobody = new NodeCluster(1)
    const [address] = nobody.addresses
    const conduct = givingIds(4)
    await using client = new FirnClient({ servers: [address!], retry: { triesMax: 100 } })
    const ids: bigint[] = []
    for (let round = 0; round < 4; round++) {
      using _ = new TcpPeer(address!, conduct)
      ids.push(await client.id())
    }
    expectDistinct([ids])
  })

  test("tell of a server that is not there how often it was tried, and until when", async () => {
    await using nobody = new NodeCluster(1)
    const [server] = nobody.addresses
    await using client = new FirnClient({ servers: [server!], retry: { triesMax: 100 } })
    const startMs = performance.now()
    const error = await failureOf(client.id({ timeoutMs: 200 }))
    const tookMs = performance.now() - startMs
    expect(error).toMatchObject({ code: "TIMEOUT", server })
    expect(error.tries).toBeGreaterThan(1)
    const tried = `no connection within 200 ms, after ${error.tries} tries: CONNECT_FAILED: ${server}: nothing listens there`
    expect(error.message).toBe(`TIMEOUT: ${tried}`)
    expect(tookMs).toBeWithin(195, 5_000)
  })
})
