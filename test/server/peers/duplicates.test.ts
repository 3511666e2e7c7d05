import { describe, expect, test } from "bun:test"
import { Membership, DuplicateError } from "../../../server/peers/membership.ts"
import { findDuplicates } from "../../../server/peers/duplicates.ts"
import { addressText } from "../../../server/net/address.ts"
import { ClusterServer, entry } from "../../support/cluster-server.ts"
import { FakePeer, peerAddress } from "../../support/fake-peer.ts"
import { MemoryLog } from "../../support/memory-log.ts"
import { NODE_ID } from "../../support/virtual-node.ts"

const LIMIT_MS = 1_000

/** Lets time pass, and promises settle. */
async function pass(server: ClusterServer, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10) {
    server.environment.advance(Math.min(10, left))
    for (let i = 0; i < 20; i++) await Promise.resolve()
  }
}

async function find(server: ClusterServer, nodeIds: readonly number[], ms = 50): Promise<string[]> {
  const entries = nodeIds.map((nodeId) => entry(nodeId))
  const finding = findDuplicates(entries, server.context, LIMIT_MS)
  await pass(server, ms)
  return (await finding).map(addressText)
}

describe("looking for processes with this node's id", () => {
  test("finds them wherever they are listed, this node's own address included", async () => {
    const server = new ClusterServer([1, 2, 3])
    server.fake(2).nodeId = NODE_ID
    new FakePeer(server.network, NODE_ID).listen()
    const ids = [1, 2, 3, NODE_ID]
    expect(await find(server, ids)).toEqual([peerAddress(2), peerAddress(NODE_ID)])
    for (const id of ids) expect(server.network.wiresTo(peerAddress(id))).toEqual([])
    expect([...server.fakes.values()].flatMap(({ asked }) => asked)).toEqual([])
  })

  test("takes nobody else for one: another node, this process, another epoch's node", async () => {
    const server = new ClusterServer([1, 2, 3])
    server.fake(1).nodeId = 5
    server.fake(2).nodeId = NODE_ID
    const { startNumber } = server.context
    server.fake(2).startNumber = BigInt(startNumber)
    server.fake(3).epochMs = 1
    expect(await find(server, [1, 2, 3])).toEqual([])
  })

  test("does not wait longer than it may for those that are silent, refuse or talk garbage", async () => {
    const server = new ClusterServer([1, 2, 3, 4, 5])
    server.fake(1).answersChecks = false
    server.network.blackHoles.add(peerAddress(2))
    server.network.refuse(peerAddress(3))
    server.network.listen(peerAddress(4), (wire) => ({
      data: () => wire.send(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")),
    }))
    server.fake(5).nodeId = NODE_ID
    expect(await find(server, [1, 2, 3, 4, 5], LIMIT_MS)).toEqual([peerAddress(5)])
    for (const id of [1, 3, 4]) expect(server.network.wiresTo(peerAddress(id))).toEqual([])
  })

  test("asks all of 1,023 nodes at the same time", async () => {
    const server = new ClusterServer(Array.from({ length: 1_023 }, (_, i) => (i < 7 ? i : i + 1)))
    server.fake(1_023).nodeId = NODE_ID
    expect(await find(server, [...server.fakes.keys()])).toEqual([peerAddress(1_023)])
  })
})

describe("a node that starts", () => {
  async function start(server: ClusterServer): Promise<unknown> {
    const entries = [...server.fakes.keys(), NODE_ID].map((nodeId) => entry(nodeId))
    const membership = new Membership(entries, server.context, new MemoryLog().logger)
    const refused = membership.refuseDuplicates().catch((error: unknown) => error)
    await pass(server, LIMIT_MS)
    const error = await refused
    membership.close()
    return error
  }

  test("refuses to when its id is in use, and names where", async () => {
    const server = new ClusterServer([1, 2])
    server.fake(2).nodeId = NODE_ID
    const error = await start(server)
    expect(error).toBeInstanceOf(DuplicateError)
    expect((error as Error).message).toBe(
      `node id 7 is in use by the process at ${peerAddress(2)}: stop it, or give this node another id`,
    )
    server.fake(1).nodeId = NODE_ID
    expect(((await start(server)) as Error).message).toContain(
      `at ${peerAddress(1)} and ${peerAddress(2)}: `,
    )
  })

  test("starts when it is not, though nobody can be reached", async () => {
    expect(await start(new ClusterServer([1, 2]))).toBeUndefined()
    const server = new ClusterServer([1, 2])
    for (const nodeId of [1, 2]) server.network.refuse(peerAddress(nodeId))
    expect(await start(server)).toBeUndefined()
    expect(await start(new ClusterServer([]))).toBeUndefined()
  })
})
