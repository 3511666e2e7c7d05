import { describe, expect, test } from "bun:test"
import { FirnClient } from "../../client-sdk/index.ts"
import { Op } from "../../protocol/index.ts"
import { until, within } from "../support/deadline.ts"
import { failureOf } from "../support/firn-failure.ts"
import { HoldingPeer } from "../support/holding-peer.ts"
import { NodeCluster } from "../support/node-cluster.ts"
import { ANY_ADDRESS, TcpPeer, checkedAs, givingIds } from "../support/tcp-peer.ts"

/** The error of a call that was not answered in time. */
const UNANSWERED = {
  code: "CLOSED",
  retryable: false,
  message: "CLOSED: the client was closed before the answer came",
}

async function expectClosed(client: FirnClient): Promise<void> {
  const calls: Promise<unknown>[] = [
    client.id(),
    client.idString(),
    client.ids(3),
    client.ids(0),
    client.idStrings(3),
    client.id({ key: "k" }),
  ]
  for (const call of calls) {
    const error = await failureOf(call)
    expect(error).toMatchObject({ code: "CLOSED", message: "CLOSED: the client is closed" })
  }
}

describe("close()", () => {
  test("before the first call connects to nothing, and refuses all calls", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    const client = new FirnClient({ servers: [peer.address], prefetch: true })
    await client.close()
    await expectClosed(client)
    expect(client.tryId()).toBeUndefined()
    expect((await failureOf(client.epoch())).code).toBe("CLOSED")
    expect(peer.connections).toBe(0)
  })

  test("may be called again, and ends with the first", async () => {
    using peer = new HoldingPeer()
    const client = new FirnClient({ servers: [peer.address] })
    const call = client.id()
    await peer.hasHeld(1)
    const first = client.close({ timeoutMs: 600_000 })
    expect(client.close()).toBe(first)
    expect(client.close({ timeoutMs: 0 })).toBe(first)
    expect(Bun.peek.status(first)).toBe("pending")
    peer.release()
    await within("the end of the client", first)
    await call
    await client.close()
    await client[Symbol.asyncDispose]()
  })

  test("lets calls in flight finish, takes no new ones, and then closes the connections", async () => {
    using peer = new HoldingPeer()
    const client = new FirnClient({ servers: [peer.address] })
    const calls = [client.id(), client.id({ key: "k" })]
    await peer.hasHeld(2)
    const closing = client.close({ timeoutMs: 600_000 })
    await expectClosed(client)
    expect(calls.map((call) => Bun.peek.status(call))).toEqual(["pending", "pending"])
    peer.release()
    for (const call of calls) expect(typeof (await call)).toBe("bigint")
    await within("the end of the client", closing)
    expect(peer.idRequests.length).toBe(2)
    await until("the connections to be closed", () => peer.open === 0)
  })

  test("rejects what is not answered by its deadline", async () => {
    using peer = new HoldingPeer()
    const client = new FirnClient({ servers: [peer.address] })
    const calls: Promise<unknown>[] = [client.id(), client.ids(9_000), client.id({ random: true })]
    await peer.hasHeld(5)
    const startMs = performance.now()
    await within("the end of the client", client.close({ timeoutMs: 40 }))
    expect(performance.now() - startMs).toBeWithin(35, 5_000)
    for (const call of calls) expect(await failureOf(call)).toMatchObject(UNANSWERED)
    await until("the connections to be closed", () => peer.open === 0)
  })

  test("with a deadline of 0 rejects at once", async () => {
    using peer = new HoldingPeer()
    const client = new FirnClient({ servers: [peer.address] })
    const call = client.id()
    await peer.hasHeld(1)
    await client.close({ timeoutMs: 0 })
    expect(await failureOf(call)).toMatchObject(UNANSWERED)
  })

  test("while the connection is opened lets the calls finish that wait for it", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    const client = new FirnClient({ servers: [peer.address] })
    const call = client.id()
    const closing = client.close()
    expect(typeof (await call)).toBe("bigint")
    await within("the end of the client", closing)
  })

  test("while the connection cannot be opened rejects the calls that wait for it", async () => {
    using silent = new TcpPeer(ANY_ADDRESS, () => undefined)
    await using nobody = new NodeCluster(1)
    for (const server of [silent.address, nobody.addresses[0]!]) {
      const client = new FirnClient({ servers: [server], retry: { triesMax: 100 } })
      const call = client.id()
      await within("the end of the client", client.close({ timeoutMs: 20 }))
      expect(await failureOf(call)).toMatchObject(UNANSWERED)
    }
    await until("the connection to be closed", () => silent.open === 0)
  })

  test("while a call rests before its next try rejects it", async () => {
    using peer = new TcpPeer(
      ANY_ADDRESS,
      // OVERLOADED, to be asked again in a minute.
      checkedAs(1, () => Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0xea, 0x60)),
    )
    const client = new FirnClient({ servers: [peer.address], requestTimeoutMs: 600_000 })
    const call = client.id()
    await until("the call to be refused", () => peer.asked.includes(Op.LOCAL))
    await within("the end of the client", client.close({ timeoutMs: 20 }))
    expect(await failureOf(call)).toMatchObject(UNANSWERED)
  })

  test("with ids at hand gives out no more of them, and does not wait for those on their way", async () => {
    using peer = new HoldingPeer()
    const client = new FirnClient({ servers: [peer.address], prefetch: { size: 10 } })
    const call = client.id()
    await peer.hasHeld(1)
    peer.release()
    await call
    // Nine are left; four more make it fetch again.
    for (let i = 0; i < 5; i++) expect(client.tryId()).toBeDefined()
    await peer.hasHeld(1)
    await within("the end of the client", client.close({ timeoutMs: 600_000 }))
    expect(client.tryId()).toBeUndefined()
    await expectClosed(client)
  })

  test("with calls that wait for ids fetched ahead lets them finish, or rejects them", async () => {
    for (const isAnswered of [true, false]) {
      using peer = new HoldingPeer()
      const client = new FirnClient({ servers: [peer.address], prefetch: { size: 10 } })
      const calls = Array.from({ length: 5 }, () => client.id())
      await peer.hasHeld(1)
      const closing = client.close({ timeoutMs: isAnswered ? 600_000 : 20 })
      if (isAnswered) peer.release()
      await within("the end of the client", closing)
      const outcomes = await Promise.allSettled(calls)
      const expected = isAnswered ? "fulfilled" : "rejected"
      expect(outcomes.map(({ status }) => status)).toEqual(calls.map(() => expected))
      if (!isAnswered) expect(await failureOf(calls[0]!)).toMatchObject(UNANSWERED)
    }
  })

  test("is what the end of a block with await using does", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    let outer: FirnClient
    {
      await using client = new FirnClient({ servers: [peer.address] })
      await client.id()
      outer = client
    }
    await expectClosed(outer)
    await until("the connection to be closed", () => peer.open === 0)
  })

  test("leaves the epoch known, so that ids can still be decoded", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    const client = new FirnClient({ servers: [peer.address] })
    const id = await client.id()
    await client.close()
    expect((await client.decode(id)).node).toBe(1)
  })
})
