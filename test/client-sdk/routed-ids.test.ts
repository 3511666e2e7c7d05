import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { FirnClient } from "../../client-sdk/index.ts"
import { decodeId } from "../../protocol/index.ts"
import { askUntil } from "../support/deadline.ts"
import { failureOf } from "../support/firn-failure.ts"
import { expectDistinct, expectIncreasing } from "../support/ids.ts"
import { NodeCluster } from "../support/node-cluster.ts"

setDefaultTimeout(30_000)

const NODES = [0, 1, 2]

let cluster: NodeCluster
let client: FirnClient
beforeAll(async () => {
  cluster = await NodeCluster.start(NODES.length)
  client = new FirnClient({ servers: cluster.addresses })
})
afterAll(async () => {
  await client.close()
  await cluster[Symbol.asyncDispose]()
})

function nodesOf(ids: readonly bigint[]): number[] {
  return ids.map((id) => decodeId(id).node)
}

describe("of a cluster", () => {
  test("an id of a node is of that node, whichever server is asked", async () => {
    for (const node of NODES) {
      const ids = await Promise.all(Array.from({ length: 50 }, () => client.id({ node })))
      expect(nodesOf(ids)).toEqual(ids.map(() => node))
    }
  })

  test("ids of a key are all of one node, and keys differ in theirs", async () => {
    const keys = Array.from({ length: 40 }, (_, i) => `user:${i}`)
    const owners = await Promise.all(
      keys.map(async (key) => {
        const ids = await Promise.all(Array.from({ length: 5 }, () => client.id({ key })))
        const [owner, ...others] = new Set(nodesOf(ids))
        expect(others).toEqual([])
        return owner!
      }),
    )
    expect(new Set(owners)).toEqual(new Set(NODES))
  })

  test("random ids are of all nodes", async () => {
    const ids = await Promise.all(Array.from({ length: 200 }, () => client.id({ random: true })))
    expect(new Set(nodesOf(ids))).toEqual(new Set(NODES))
  })

  test("blocks, texts and strings are routed as well", async () => {
    const ids = await client.ids(9_000, { node: 2 })
    expectIncreasing(ids)
    expect(new Set(nodesOf(ids))).toEqual(new Set([2]))
    expect(decodeId(await client.idString({ node: 1 })).node).toBe(1)
    const texts = await client.idStrings(10, { node: 0 })
    expect(nodesOf(texts.map(BigInt))).toEqual(texts.map(() => 0))
  })

  test("local ids come of all servers", async () => {
    const all: bigint[] = []
    const ask = async (): Promise<Set<number>> => {
      all.push(...(await Promise.all(Array.from({ length: 100 }, () => client.id()))))
      return new Set(nodesOf(all))
    }
    // A server is used from the moment its connection is open.
    await askUntil("ids of every server", ask, (nodes) => nodes.size === NODES.length)
    expectDistinct([all])
  })

  test("an id of a node that the cluster does not have is refused at once, with its number", async () => {
    const error = await failureOf(client.id({ node: 77 }))
    expect(error).toMatchObject({ code: "UNKNOWN_NODE", retryable: false, tries: 1, detail: 77 })
    expect(error.message).toContain("node 77 is not in this cluster")
    expect(cluster.addresses).toContain(error.server!)
  })
})
