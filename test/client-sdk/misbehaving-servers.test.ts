import { describe, expect, test } from "bun:test"
import { FirnClient } from "../../client-sdk/index.ts"
import type { FirnClientOptions, ServerStateChange } from "../../client-sdk/index.ts"
import { DEFAULT_EPOCH_MS, Op, Status } from "../../protocol/index.ts"
import { within } from "../support/deadline.ts"
import { nodeOfId, responseBytes } from "../support/fake-peer.ts"
import { utf8 } from "../support/fake-client.ts"
import { failureOf } from "../support/firn-failure.ts"
import { HoldingPeer } from "../support/holding-peer.ts"
import { expectIncreasing } from "../support/ids.ts"
import { ANY_ADDRESS, TcpPeer, checkedAs, givingIds, okResponse } from "../support/tcp-peer.ts"
import type { Conduct, PeerSocket } from "../support/tcp-peer.ts"

/** One try, so that what went wrong is told at once. */
const ONCE = { retry: { triesMax: 1 } }

/** A client of one server that behaves like this. */
async function withServer(
  conduct: Conduct,
  options: Omit<FirnClientOptions, "servers">,
  use: (client: FirnClient, peer: TcpPeer) => Promise<void>,
  opened?: (socket: PeerSocket) => void,
): Promise<void> {
  using peer = new TcpPeer(ANY_ADDRESS, conduct, opened)
  await using client = new FirnClient({ servers: [peer.address], ...options })
  await use(client, peer)
}

/** Sends the bytes one by one, each in a chunk of its own. */
function trickle(socket: PeerSocket, bytes: Uint8Array): void {
  for (const byte of bytes) {
    socket.write(Uint8Array.of(byte))
    socket.flush()
  }
}

describe("answers", () => {
  test("that come one byte at a time are put together", async () => {
    const good = givingIds(3)
    const slow: Conduct = (op, socket, request) => {
      trickle(socket, good(op, socket, request)!)
      return undefined
    }
    await withServer(slow, {}, async (client) => {
      const ids = await Promise.all(Array.from({ length: 200 }, () => client.id()))
      expectIncreasing(ids)
    })
  })

  test("of which half has come when the connection is reset are asked for again", async () => {
    const good = givingIds(3)
    let left = 2
    const half: Conduct = (op, socket, request) => {
      if (op === Op.EPOCH || left-- <= 0) return good(op, socket, request)
      socket.write(okResponse(12_345n).subarray(0, 5))
      socket.flush()
      socket.terminate()
      return undefined
    }
    await withServer(half, {}, async (client, peer) => {
      expect(await client.id()).not.toBe(12_345n)
      expect(peer.connections).toBe(3)
    })
  })

  test("that never come are waited for until the call's deadline, which the error tells", async () => {
    await withServer(
      checkedAs(3, () => undefined),
      {},
      async (client, peer) => {
        const error = await failureOf(client.id({ timeoutMs: 60 }))
        expect(error).toMatchObject({
          code: "TIMEOUT",
          retryable: true,
          tries: 1,
          server: peer.address,
        })
        expect(error.message).toMatch(/no answer within 60 ms/)
      },
    )
  })

  test("that come too late are dropped, and the next call gets its own", async () => {
    using peer = new HoldingPeer()
    await using client = new FirnClient({ servers: [peer.address] })
    const late = [client.ids(7, { timeoutMs: 40 }), client.ids(1, { timeoutMs: 40 })]
    for (const call of late) expect((await failureOf(call)).code).toBe("TIMEOUT")
    const next = client.ids(2)
    await peer.hasHeld(3)
    peer.release()
    // 7 and 1 were given out before them.
    expect((await next).map((id) => id & 4_095n)).toEqual([9n, 10n])
    expect(peer.connections).toBe(1)
  })

  test("that nobody asked for end the connection, and none of them is given out", async () => {
    const twice: Conduct = checkedAs(3, () =>
      Uint8Array.of(...okResponse(1n), ...okResponse(2n), ...okResponse(3n)),
    )
    const changes: string[] = []
    const onStateChange: FirnClientOptions["onStateChange"] = ({ state, reason }) =>
      void changes.push(`${state} ${reason}`.trim())
    await withServer(twice, { onStateChange }, async (client) => {
      expect(await client.id()).toBe(1n)
      expect(await client.id()).toBe(1n)
      const { length } = changes.filter((change) =>
        /^down .*answered what was not asked/.test(change),
      )
      expect(length).toBeGreaterThan(0)
    })
  })

  test.each([9, 17, 255])(
    "of status %d are errors that must not be tried again",
    async (status) => {
      const wrong = checkedAs(3, () => responseBytes(status, 77n))
      await withServer(wrong, {}, async (client, peer) => {
        const error = await failureOf(client.id())
        expect(error).toMatchObject({
          code: "CONNECT_FAILED",
          retryable: false,
          tries: 1,
          server: peer.address,
        })
        expect(error.message).toContain(`answered with status ${status}`)
        expect(peer.asked.filter((op) => op === Op.LOCAL).length).toBe(1)
      })
    },
  )

  test("behind one of an unknown status are not believed, and asked for again elsewhere", async () => {
    let isFirst = true
    const good = givingIds(3)
    const conduct: Conduct = (op, socket, request) => {
      if (op !== Op.LOCAL || !isFirst) return good(op, socket, request)
      isFirst = false
      return responseBytes(200, 0n)
    }
    await withServer(conduct, {}, async (client, peer) => {
      const [first, second] = [client.id(), client.id()]
      expect((await failureOf(first)).message).toContain("status 200")
      expect(await second).toBe((await client.id()) - 1n)
      expect(peer.connections).toBe(2)
    })
  })
})

describe("a port on which there is", () => {
  test("an HTTP server is no server, and the error asks for the TCP port", async () => {
    using server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hi") })
    await using client = new FirnClient({
      servers: [`127.0.0.1:${server.port}`],
      connectTimeoutMs: 300,
      ...ONCE,
    })
    const error = await failureOf(client.id())
    expect(error).toMatchObject({ code: "CONNECT_FAILED", tries: 1 })
    expect(error.message).toContain(`127.0.0.1:${server.port}: `)
  })

  test("a server of another protocol that speaks first is no server", async () => {
    const greet = (socket: PeerSocket): void =>
      void socket.write(utf8("220 mail.example ESMTP\r\n"))
    const use = async (client: FirnClient): Promise<void> => {
      const error = await failureOf(client.id())
      expect(error.code).toBe("CONNECT_FAILED")
      expect(error.message).toContain("answered EPOCH with status 50: is this a node's TCP port?")
    }
    await withServer(() => undefined, ONCE, use, greet)
  })

  test("a server of another protocol that answers in lines is no server", async () => {
    const lines: Conduct = () => utf8("-ERR unknown command\r\n")
    await withServer(lines, ONCE, async (client) => {
      const error = await failureOf(client.id())
      expect(error.message).toContain("answered EPOCH with status 45: is this a node's TCP port?")
    })
  })

  test("something that closes every connection at once is no server", async () => {
    const use = async (client: FirnClient, peer: TcpPeer): Promise<void> => {
      const error = await failureOf(client.id())
      expect(error).toMatchObject({ code: "CONNECT_FAILED", retryable: true, server: peer.address })
      expect(error.message).toMatch(/it (?:closed|reset) the connection/)
    }
    await withServer(
      () => undefined,
      ONCE,
      use,
      (socket) => socket.terminate(),
    )
    await withServer(
      () => undefined,
      ONCE,
      use,
      (socket) => void socket.end(),
    )
  })

  test("something that never answers is given up after connectTimeoutMs", async () => {
    const options = { connectTimeoutMs: 50, ...ONCE }
    await withServer(
      () => undefined,
      options,
      async (client, peer) => {
        const error = await failureOf(client.id())
        expect(error.code).toBe("CONNECT_FAILED")
        expect(error.message).toContain("no connection within 50 ms")
        expect(peer.asked).toEqual([Op.EPOCH, Op.PING])
      },
    )
  })

  test("a node that refuses EPOCH is not used", async () => {
    const refuses: Conduct = () => responseBytes(Status.NOT_READY, 0n)
    await withServer(refuses, ONCE, async (client, peer) => {
      expect((await failureOf(client.id())).message).toContain("answered EPOCH with status 7")
      expect(peer.asked).not.toContain(Op.LOCAL)
    })
  })

  test("a node of another epoch is not used beside the first, and the hook says why", async () => {
    using one = new TcpPeer(ANY_ADDRESS, givingIds(1))
    const good = givingIds(2)
    using other = new TcpPeer(ANY_ADDRESS, (op, socket, request) =>
      op === Op.EPOCH ? okResponse(1_000n) : good(op, socket, request),
    )
    const refused = Promise.withResolvers<ServerStateChange>()
    await using client = new FirnClient({
      servers: [one.address, other.address],
      onStateChange: (change) => change.state === "down" && refused.resolve(change),
    })
    await client.id()
    const { server, reason } = await within("a server to be refused", refused.promise)
    expect(reason).toMatch(/its epoch is \d+, that of .* is \d+: they belong to different clusters/)
    const ids = await Promise.all(Array.from({ length: 100 }, () => client.id()))
    const [used, unused] = server === other.address ? [one, other] : [other, one]
    expect(ids.map(nodeOfId)).toEqual(ids.map(() => (used === one ? 1 : 2)))
    expect(await client.epoch()).toBe(used === one ? DEFAULT_EPOCH_MS : 1_000)
    expect(unused.asked).not.toContain(Op.LOCAL)
  })
})
