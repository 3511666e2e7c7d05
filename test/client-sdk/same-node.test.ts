import { describe, expect, test } from "bun:test"
import { FirnClient } from "../../client-sdk/index.ts"
import { DEFAULT_EPOCH_MS, Op } from "../../protocol/index.ts"
import { until } from "../support/deadline.ts"
import { nodeOfId, peerAddress } from "../support/fake-peer.ts"
import { ANY_ADDRESS, TcpPeer, givingIds, okResponse } from "../support/tcp-peer.ts"
import type { Conduct } from "../support/tcp-peer.ts"
import { VirtualClient, nodeOrCode } from "../support/virtual-client.ts"

const DUPLICATE = /^[01] down two processes answer as node 1, here and at \S+: both would/

/** Servers 0 and 1 are two processes of node 1, server 2 is node 2. */
function duplicated(): VirtualClient {
  const client = new VirtualClient(3)
  client.servers[0]!.nodeId = 1
  return client
}

/** Makes calls for so long. @returns the nodes of the ids that came, and the codes of errors */
async function outcomes(client: VirtualClient, ms: number): Promise<unknown[]> {
  const calls: Promise<bigint>[] = []
  for (let passed = 0; passed < ms; passed += 50) {
    calls.push(client.call())
    await client.pass(50)
  }
  await client.pass(1_000)
  return [...new Set(calls.map(nodeOrCode))]
}

describe("two processes that have one node id", () => {
  test("are not used, and why is told; other servers are", async () => {
    const client = duplicated()
    await client.connect()
    await client.pass(500)
    expect(await outcomes(client, 60_000)).toEqual([2])
    for (const server of ["0", "1"]) {
      const reasons = client.changes.filter((change) => change.startsWith(`${server} down`))
      expect(reasons.at(-1)).toMatch(DUPLICATE)
    }
    expect(client.client.stats().servers.map(({ state }) => state)).toEqual(["down", "down", "up"])
    await client.close()
  })

  test("are used again 10 s after one of them is gone", async () => {
    const client = duplicated()
    await client.connect()
    await client.pass(3_000)
    client.kill(0)
    await client.pass(13_000)
    client.servers[2]!.behaviour = () => "CLOSE"
    const nodes = await outcomes(client, 1_000)
    expect(nodes).toEqual([1])
    await client.close()
  })

  test("are found too when the second comes much later", async () => {
    const client = duplicated()
    client.kill(1)
    await client.connect()
    await client.pass(60_000)
    expect(client.client.stats().servers[0]!.state).toBe("up")
    client.servers[1]!.listen()
    await client.pass(5_000)
    expect(await outcomes(client, 30_000)).toEqual([2])
    await client.close()
  })

  test("are found behind one address as well", async () => {
    let connection = 0
    const ids = givingIds(4)
    const starts = new WeakMap<object, bigint>()
    const proxy: Conduct = (op, socket, request) => {
      if (op !== Op.PING) return ids(op, socket, request)
      if (!starts.has(socket)) starts.set(socket, BigInt(connection++ % 2))
      return okResponse((4n << 48n) + starts.get(socket)!)
    }
    using peer = new TcpPeer(ANY_ADDRESS, proxy)
    const reasons: string[] = []
    await using client = new FirnClient({
      servers: [peer.address],
      connectionsPerServer: 2,
      onStateChange: ({ reason }) => void reasons.push(reason),
    })
    void client.id()
    await until("the duplicate to be told", () =>
      reasons.some((reason) => reason.includes("two processes answer as node 4, here and behind ")),
    )
  })
})

describe("one process at two addresses", () => {
  test("is used at both", async () => {
    const client = new VirtualClient(2)
    const [one] = client.servers
    one!.listen(peerAddress(1))
    await client.connect()
    expect(await outcomes(client, 20_000)).toEqual([0])
    expect(client.changes).toEqual(["0 connecting", "1 connecting", "0 up", "1 up"])
    await client.close()
  })
})

describe("a node that has started again", () => {
  test("is used at once, and connections to the process before it are closed", async () => {
    const client = new VirtualClient(1, { connectionsPerServer: 2 })
    await client.connect()
    await client.pass(1_000)
    const [old] = client.wires(0)
    // The machine lost its power: nobody has closed the connections.
    for (const wire of client.wires(0)) wire.isForgotten = true
    client.servers[0]!.startNumber++
    client.wires(0)[1]!.lose()
    expect(await outcomes(client, 5_000)).toEqual([0])
    expect(old!.isClosed).toBe(true)
    expect(client.wires(0).length).toBe(2)
    await client.close()
  })

  test("over and over is no duplicate", async () => {
    const client = new VirtualClient(1)
    await client.connect()
    for (let start = 0; start < 20; start++) {
      client.kill(0)
      client.servers[0]!.startNumber += 7n
      client.servers[0]!.listen()
      expect(await outcomes(client, 200)).toEqual([0])
    }
    expect(client.changes.filter((change) => change.includes("two processes"))).toEqual([])
    await client.close()
  })
})

test("a server that is about to stop, and does not say who it is, gets no call for a while", async () => {
  const ids = givingIds(4)
  using stopping = new TcpPeer(ANY_ADDRESS, (op, socket, request) => {
    if (op === Op.EPOCH) return okResponse(BigInt(DEFAULT_EPOCH_MS))
    if (op === Op.PING) return Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0, 0)
    return ids(op, socket, request)
  })
  using other = new TcpPeer(ANY_ADDRESS, givingIds(5))
  await using client = new FirnClient({ servers: [stopping.address, other.address] })
  const up = new Set<string>()
  client.addEventListener("statechange", ({ state, server }) => state === "up" && up.add(server))
  await client.ready()
  await until("both to be up", () => up.size === 2)
  const got = await Promise.all(Array.from({ length: 50 }, () => client.id()))
  expect(new Set(got.map(nodeOfId))).toEqual(new Set([5]))
})
