import { expect, test } from "bun:test"
import { FirnClient } from "../../client-sdk/index.ts"
import { Op, decodeId } from "../../protocol/index.ts"
import { until } from "../support/deadline.ts"
import type { RunningNode } from "../support/firn-process.ts"
import { failureOf } from "../support/firn-failure.ts"
import { HoldingPeer } from "../support/holding-peer.ts"
import { expectDistinct, expectIncreasing } from "../support/ids.ts"
import { NodeCluster } from "../support/node-cluster.ts"
import { shareNode } from "../support/shared-node.ts"

const NODE_ID = 12

let node: RunningNode
shareNode(NODE_ID, (started) => (node = started))

test("ids fetched ahead of a real node are increasing and none comes twice", async () => {
  await using client = new FirnClient({ servers: [node.tcp], prefetch: { size: 1_000 } })
  const ids: bigint[] = []
  for (let round = 0; round < 20; round++) {
    ids.push(...(await Promise.all(Array.from({ length: 700 }, () => client.id()))))
  }
  expectIncreasing(ids)
  // These are asked for themselves, and are no part of what was fetched ahead.
  const others = await client.ids(5_000)
  const routed = await client.id({ node: NODE_ID })
  const texts = [await client.idString(), await client.idString()]
  expectDistinct([ids, others, [routed], texts.map(BigInt)])
  expect(decodeId(texts[0]!).node).toBe(NODE_ID)
})

test("tryId() gives ids without waiting, undefined while none is there, and none twice", async () => {
  await using client = new FirnClient({ servers: [node.tcp], prefetch: { size: 100 } })
  const ids: bigint[] = []
  expect(client.tryId()).toBeUndefined()
  await until("3,000 ids by tryId()", () => {
    for (let id = client.tryId(); id !== undefined; id = client.tryId()) ids.push(id)
    return ids.length >= 3_000
  })
  expectIncreasing(ids)
})

test("one round trip serves many calls", async () => {
  using peer = new HoldingPeer(() => false)
  await using client = new FirnClient({ servers: [peer.address], prefetch: true })
  for (let i = 0; i < 2_000; i++) await client.id()
  expect(peer.requests).toEqual([
    { op: Op.EPOCH, flags: 0, count: 0, target: 0 },
    { op: Op.PING, flags: 0, count: 0, target: 0 },
    { op: Op.LOCAL, flags: 0, count: 4_096, target: 0 },
  ])
})

test("calls that wait are counted by inFlightMax, what is fetched ahead is not", async () => {
  using peer = new HoldingPeer()
  await using client = new FirnClient({
    servers: [peer.address],
    inFlightMax: 2,
    prefetch: { size: 10_000 },
  })
  const calls = [client.id(), client.id()]
  expect((await failureOf(client.id())).code).toBe("OVERLOADED")
  await peer.hasHeld(3)
  peer.release()
  await Promise.all(calls)
  for (let i = 0; i < 5_000; i++) expect(client.tryId()).toBeDefined()
})

test("a call whose block cannot be had fails for itself, with what its own tries have come to", async () => {
  await using nobody = new NodeCluster(1)
  const [server] = nobody.addresses
  await using client = new FirnClient({
    servers: [server!],
    prefetch: true,
    retry: { triesMax: 2 },
  })
  const error = await failureOf(client.id())
  expect(error).toMatchObject({ code: "CONNECT_FAILED", server, tries: 2 })
  expect(client.tryId()).toBeUndefined()
})
