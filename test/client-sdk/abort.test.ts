import { describe, expect, test } from "bun:test"
import { getEventListeners } from "node:events"
import { FirnClient } from "../../client-sdk/index.ts"
import { Op } from "../../protocol/index.ts"
import { until } from "../support/deadline.ts"
import { failureOf } from "../support/firn-failure.ts"
import { HoldingPeer } from "../support/holding-peer.ts"
import { NodeCluster } from "../support/node-cluster.ts"
import { ANY_ADDRESS, TcpPeer, checkedAs, givingIds } from "../support/tcp-peer.ts"

/** Waits until a server has been sent so many requests. */
async function requestsAt(peer: TcpPeer, count: number): Promise<void> {
  await until(`${count} requests`, () => peer.requests.length >= count)
}

function listeners(signal: AbortSignal): number {
  return getEventListeners(signal, "abort").length
}

/** Aborts, and checks how the call ends. */
async function expectAborted(call: Promise<unknown>, controller: AbortController): Promise<void> {
  expect([Bun.peek.status(call), listeners(controller.signal)]).toEqual(["pending", 1])
  const reason = new Error("the user has gone")
  controller.abort(reason)
  const error = await failureOf(call)
  expect(error).toMatchObject({ code: "ABORTED", retryable: false, cause: reason })
  expect(listeners(controller.signal)).toBe(0)
}

describe("a call is ended by its signal", () => {
  test("before it is made: nothing is sent", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    await using client = new FirnClient({ servers: [peer.address], prefetch: true })
    const signal = AbortSignal.abort("too late")
    for (const call of [
      client.id({ signal }),
      client.ids(5, { signal }),
      client.idString({ signal }),
    ]) {
      expect(await failureOf(call)).toMatchObject({ code: "ABORTED", cause: "too late", tries: 0 })
    }
    expect([peer.connections, listeners(signal)]).toEqual([0, 0])
  })

  test("while the connection is opened", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, () => undefined)
    await using client = new FirnClient({ servers: [peer.address] })
    const controller = new AbortController()
    const call = client.id({ signal: controller.signal })
    await requestsAt(peer, 1)
    await expectAborted(call, controller)
    expect(peer.asked).toEqual([Op.EPOCH, Op.PING])
  })

  test("while no server can be reached", async () => {
    await using nobody = new NodeCluster(1)
    const down = Promise.withResolvers<void>()
    await using client = new FirnClient({
      servers: nobody.addresses,
      onStateChange: ({ state }) => state === "down" && down.resolve(),
    })
    const controller = new AbortController()
    const call = client.id({ signal: controller.signal })
    await down.promise
    await expectAborted(call, controller)
  })

  test("in flight: its answer is dropped, and the next call gets its own", async () => {
    let isHeld = true
    using peer = new HoldingPeer(() => isHeld)
    await using client = new FirnClient({ servers: [peer.address] })
    const controller = new AbortController()
    const call = client.ids(10, { signal: controller.signal })
    await peer.hasHeld(1)
    await expectAborted(call, controller)
    isHeld = false
    peer.release()
    expect((await client.id()) & 4_095n).toBe(11n)
  })

  test("while it rests before the next try", async () => {
    using peer = new TcpPeer(
      ANY_ADDRESS,
      // OVERLOADED, to be asked again in a minute.
      checkedAs(1, () => Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0xea, 0x60)),
    )
    await using client = new FirnClient({ servers: [peer.address], requestTimeoutMs: 600_000 })
    const controller = new AbortController()
    const call = client.id({ signal: controller.signal })
    await requestsAt(peer, 2)
    // The refusal is on its way; the call is open whether it has come or not.
    await new Promise(setImmediate)
    await expectAborted(call, controller)
  })

  test("while it waits for a block to be fetched ahead", async () => {
    using peer = new HoldingPeer()
    await using client = new FirnClient({ servers: [peer.address], prefetch: true })
    const controller = new AbortController()
    const call = client.id({ signal: controller.signal })
    const next = client.id()
    await peer.hasHeld(1)
    await expectAborted(call, controller)
    peer.release()
    // The first of the block is for the one that still waits.
    expect((await next) & 4_095n).toBe(0n)
  })

  test("in all its requests, when it is ids() of several", async () => {
    using peer = new HoldingPeer()
    await using client = new FirnClient({ servers: [peer.address], inFlightMax: 3 })
    const controller = new AbortController()
    const call = client.ids(10_000, { signal: controller.signal })
    await requestsAt(peer, 4)
    await expectAborted(call, controller)
    // All places are free again.
    const next = failureOf(client.ids(10_000, { timeoutMs: 10 }))
    expect(await next).toMatchObject({ code: "TIMEOUT" })
  })
})

describe("a signal", () => {
  test("has one listener for 1,000 calls, and none once they are over", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    await using client = new FirnClient({ servers: [peer.address] })
    const { signal } = new AbortController()
    const calls = Array.from({ length: 1_000 }, () => client.id({ signal }))
    expect(listeners(signal)).toBe(1)
    await Promise.all(calls)
    expect(listeners(signal)).toBe(0)
    // And again.
    const more = client.ids(9_000, { signal })
    expect(listeners(signal)).toBe(1)
    await more
    expect(listeners(signal)).toBe(0)
  })

  test("that is aborted after its calls are over does nothing", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    await using client = new FirnClient({ servers: [peer.address] })
    const controller = new AbortController()
    const id = await client.id({ signal: controller.signal })
    controller.abort()
    expect(await client.id()).toBeGreaterThan(id)
  })

  test("ends all of its calls, and no others", async () => {
    using peer = new HoldingPeer()
    await using client = new FirnClient({ servers: [peer.address] })
    const controllers = [new AbortController(), new AbortController()] as const
    const [ended, others] = controllers.map(({ signal }) =>
      Array.from({ length: 500 }, () => client.id({ signal })),
    )
    controllers[0].abort()
    for (const call of ended!) expect((await failureOf(call)).code).toBe("ABORTED")
    expect(others!.map((call) => Bun.peek.status(call))).toEqual(others!.map(() => "pending"))
    expect(controllers.map(({ signal }) => listeners(signal))).toEqual([0, 1])
    await client.close({ timeoutMs: 0 })
    expect(listeners(controllers[1].signal)).toBe(0)
  })
})
