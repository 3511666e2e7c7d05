import { describe, expect, test } from "bun:test"
import { channel, tracingChannel } from "node:diagnostics_channel"
import { inspect } from "node:util"
import { FirnClient, ServerStateEvent } from "../../client-sdk/index.ts"
import type { CallTrace } from "../../client-sdk/index.ts"
import { Status } from "../../protocol/index.ts"
import { within } from "../support/deadline.ts"
import { responseBytes } from "../support/fake-peer.ts"
import { failureOf } from "../support/firn-failure.ts"
import { HoldingPeer } from "../support/holding-peer.ts"
import { ANY_ADDRESS, TcpPeer, checkedAs, givingIds } from "../support/tcp-peer.ts"
import { VirtualClient } from "../support/virtual-client.ts"

/** Refuses requests for ids. */
const refusing = checkedAs(5, () => responseBytes(Status.BAD_REQUEST, 2n))

describe("ping()", () => {
  test("tells the node that answers, the server, and how long it took", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(7))
    await using client = new FirnClient({ servers: [peer.address] })
    await client.ready()
    const { roundTripMs, ...rest } = await client.ping()
    expect(rest).toEqual({ server: peer.address, node: 7 })
    expect(roundTripMs).toBeGreaterThan(0)
    expect(roundTripMs).toBeLessThan(5_000)
  })

  test("counts the way there and back", async () => {
    const client = new VirtualClient(1)
    await client.connect()
    const answer = client.client.ping()
    await client.pass(10)
    expect(await answer).toMatchObject({ node: 0, roundTripMs: 2 })
  })

  test("fails as other calls do", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, () => undefined)
    const client = new FirnClient({ servers: [peer.address] })
    expect((await failureOf(client.ping({ timeoutMs: 20 }))).code).toBe("TIMEOUT")
    const wrong = client.ping({ node: 3 } as object)
    expect((await failureOf(wrong)).message).toContain("options has no property node")
    const aborted = client.ping({ signal: AbortSignal.abort("late") })
    expect(await failureOf(aborted)).toMatchObject({ code: "ABORTED", cause: "late" })
    await client.close()
    expect((await failureOf(client.ping())).code).toBe("CLOSED")
  })
})

describe("stats()", () => {
  test("count requests, and tell servers, before, while and after they are used", async () => {
    using peer = new HoldingPeer()
    await using client = new FirnClient({ servers: [peer.address] })
    const { address: server } = peer
    const requests = { inFlight: 0, succeeded: 0, failed: 0, failedTries: 0 }
    const idle = { server, routed: false, reason: "", connections: 0, nodes: [], inFlight: 0 }
    expect(client.stats()).toEqual({
      requests,
      servers: [{ ...idle, state: "unused" }],
      prefetch: undefined,
    })
    const calls = [client.ids(8_192), client.id()]
    expect(client.stats().servers).toEqual([{ ...idle, state: "connecting" }])
    await peer.hasHeld(3)
    const up = { ...idle, state: "up", connections: 1, nodes: [1] } as const
    expect(client.stats()).toMatchObject({
      requests: { ...requests, inFlight: 3 },
      servers: [{ ...up, inFlight: 3 }],
    })
    peer.release()
    await Promise.all(calls)
    const random = client.id({ random: true })
    await peer.hasHeld(1)
    peer.release()
    await random
    expect(client.stats()).toMatchObject({
      requests: { ...requests, succeeded: 4 },
      servers: [up, { ...up, routed: true }],
    })
  })

  test("count what failed, and tries of what did not", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, refusing)
    await using client = new FirnClient({ servers: [peer.address] })
    await failureOf(client.id())
    await failureOf(client.ids(9_000))
    expect(client.stats().requests).toEqual({
      inFlight: 0,
      succeeded: 0,
      failed: 4,
      failedTries: 4,
    })
    const failing = new VirtualClient(2)
    failing.servers[0]!.behaviour = () => ({ status: Status.NOT_READY, value: 0n })
    await failing.connect()
    const before = failing.client.stats().requests
    const calls = Array.from({ length: 100 }, () => failing.call())
    await failing.pass(100)
    await Promise.all(calls)
    const after = failing.client.stats().requests
    expect(after.succeeded - before.succeeded).toBe(100)
    expect(after.failed).toBe(0)
    expect(after.failedTries).toBe(failing.servers[0]!.asked.length + before.failedTries)
  })

  test("tell why a server is down, and what is at hand", async () => {
    const client = new VirtualClient(2, { prefetch: { size: 50 } })
    client.kill(1)
    await client.connect()
    const { servers, prefetch } = client.client.stats()
    expect(servers.map(({ state, reason, nodes }) => [state, reason, nodes])).toEqual([
      ["up", "", [0]],
      ["down", "nothing listens there", []],
    ])
    expect(prefetch).toEqual({ size: 50, atHand: 49, used: 0 })
    void client.call()
    expect(client.client.stats().prefetch).toEqual({ size: 50, atHand: 48, used: 1 })
    await client.close()
  })

  test("are what console.log shows, in brief", async () => {
    const client = new VirtualClient(2)
    client.kill(1)
    await client.connect()
    const servers = "[ '10.0.0.1:6000: up, node 0', '10.0.0.1:6001: down, nothing listens there' ]"
    expect(inspect(client.client, { breakLength: 200 })).toBe(
      `FirnClient { servers: ${servers}, inFlight: 0, succeeded: 1, failed: 0, failedTries: 1 }`,
    )
    expect(Bun.inspect(client.client)).toContain("10.0.0.1:6000: up, node 0")
  })
})

describe("statechange", () => {
  test("is told to each listener that has not gone, and to onStateChange", async () => {
    const client = new VirtualClient(1)
    const heard: string[] = []
    const listener = ({ server, state, routed }: ServerStateEvent): void => {
      heard.push(`${server} ${state} ${routed}`)
    }
    const other = { handleEvent: ({ type }: ServerStateEvent) => void heard.push(type) }
    client.client.addEventListener("statechange", listener)
    client.client.addEventListener("statechange", other, { once: true })
    await client.connect()
    expect(heard).toEqual([
      "10.0.0.1:6000 connecting false",
      "statechange",
      "10.0.0.1:6000 up false",
    ])
    client.client.removeEventListener("statechange", listener)
    client.kill(0)
    await client.pass(10)
    expect(heard.length).toBe(3)
    expect(client.changes.length).toBe(3)
  })

  test("has the reason, and the client as its target", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, (_, socket) => void socket.end())
    await using client = new FirnClient({ servers: [peer.address] })
    const down = Promise.withResolvers<ServerStateEvent>()
    client.addEventListener("statechange", (event) => event.state === "down" && down.resolve(event))
    void client.id({ timeoutMs: 50 })
    const event = await within("a server to go down", down.promise)
    expect(event).toBeInstanceOf(ServerStateEvent)
    expect(event.target).toBe(client)
    expect(event.reason).toBe("it closed the connection")
  })

  test("is published on firn-client:state", async () => {
    const client = new VirtualClient(1)
    const messages: unknown[] = []
    const listener = (message: unknown): void => void messages.push(message)
    channel("firn-client:state").subscribe(listener)
    await client.connect()
    channel("firn-client:state").unsubscribe(listener)
    client.kill(0)
    await client.pass(10)
    const change = { client: client.client, server: "10.0.0.1:6000", routed: false, reason: "" }
    expect(messages).toEqual([
      { ...change, state: "connecting" },
      { ...change, state: "up" },
    ])
  })
})

describe("firn-client:call", () => {
  const traces = tracingChannel<CallTrace, CallTrace>("firn-client:call")

  /** What is published while `use` runs. */
  async function published(use: () => Promise<unknown>): Promise<[string, CallTrace][]> {
    const heard: [string, CallTrace][] = []
    const note = (name: string) => (trace: unknown) => {
      heard.push([name, { ...(trace as CallTrace) }])
    }
    const subscribers = {
      start: note("start"),
      end: note("end"),
      asyncStart: note("asyncStart"),
      asyncEnd: note("asyncEnd"),
      error: note("error"),
    }
    traces.subscribe(subscribers)
    try {
      await use()
    } finally {
      traces.unsubscribe(subscribers)
    }
    return heard
  }

  test("has the beginning and the end of each call, with its result", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(3))
    await using client = new FirnClient({ servers: [peer.address] })
    let id = 0n
    const heard = await published(async () => (id = await client.id({ key: "k" })))
    expect(heard.map(([name]) => name)).toEqual(["start", "end", "asyncStart", "asyncEnd"])
    expect(heard[0]![1]).toEqual({ method: "id", count: 1, key: "k" })
    const done = { method: "id", count: 1, key: "k", server: peer.address, failedTries: 0 } as const
    expect(heard[3]![1]).toEqual({ ...done, result: id })
    const many = await published(() => client.idStrings(5_000))
    expect(many[3]![1]).toMatchObject({ method: "ids", count: 5_000, server: peer.address })
    expect(await published(() => client.epoch())).toEqual([])
  })

  test("has the error of a call that fails, as its caller gets it", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, refusing)
    await using client = new FirnClient({ servers: [peer.address] })
    let error: unknown
    const heard = await published(async () => (error = await failureOf(client.idString())))
    expect(heard.map(([name]) => name)).toEqual(["start", "end", "error", "asyncStart", "asyncEnd"])
    expect(heard[2]![1]).toMatchObject({ failedTries: 1, server: peer.address })
    expect(heard[2]![1].error).toBe(error)
    const wrong = await published(() => failureOf(client.ids(-1)))
    expect(wrong.at(-1)![1].error).toMatchObject({ code: "INVALID_ARGUMENT" })
  })

  test("has calls that are answered from what was fetched ahead", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(3))
    await using client = new FirnClient({ servers: [peer.address], prefetch: true })
    await client.ready()
    const heard = await published(() => client.id())
    expect(heard.at(-1)![1]).toMatchObject({ method: "id", count: 1 })
    expect(heard.at(-1)![1].server).toBeUndefined()
  })

  test("does not leave a rejection behind that nobody handles", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, refusing)
    await using client = new FirnClient({ servers: [peer.address] })
    const heard = await published(async () => {
      void client.id()
      await failureOf(client.id())
    })
    expect(heard.filter(([name]) => name === "error").length).toBe(2)
  })
})
