import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { NODE_ID_MAX, keyHash } from "../../../protocol/index.ts"
import { rendezvousOwner, rendezvousWeight } from "../../../server/routing/rendezvous.ts"
import { seededRandom } from "../../support/virtual-environment.ts"

const ALL_NODES = Array.from({ length: NODE_ID_MAX + 1 }, (_, nodeId) => nodeId)

const keyHashes = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const nodeSets = fc.uniqueArray(fc.integer({ min: 0, max: NODE_ID_MAX }), { minLength: 1 })

/** The owner by its definition: the first of the nodes in the order of their weights. */
function naiveOwner(key: number, nodeIds: readonly number[]): number {
  const weight = (nodeId: number): number => rendezvousWeight(key, nodeId)
  return nodeIds.toSorted((a, b) => weight(b) - weight(a))[0]!
}

function randomKeys(count: number, seed: number): number[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => Math.floor(random() * 2 ** 32))
}

/** Sum of the squared deviations over the expectation: about the number of nodes when even. */
function chiSquare(keys: readonly number[], nodeIds: readonly number[]): number {
  const owned = new Map(nodeIds.map((nodeId) => [nodeId, 0]))
  for (const key of keys) {
    const owner = rendezvousOwner(key, nodeIds)
    owned.set(owner, owned.get(owner)! + 1)
  }
  const expected = keys.length / nodeIds.length
  return [...owned.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)
}

/** What chi-square exceeds once in some 100,000 times (Wilson and Hilferty). */
function chiSquareLimit(degrees: number): number {
  const spread = 2 / (9 * degrees)
  return degrees * (1 - spread + 4.3 * Math.sqrt(spread)) ** 3
}

describe("the owners of keys", () => {
  test.each([
    ["4 nodes", [0, 1, 2, 3], 100_000],
    ["4 nodes with ids far apart", [0, 511, 512, 1_023], 100_000],
    ["1,024 nodes", ALL_NODES, 60_000],
  ])("are spread evenly over %s", (_name, nodeIds, keyCount) => {
    const limit = chiSquareLimit(nodeIds.length - 1)
    expect(chiSquare(randomKeys(keyCount, 11), nodeIds)).toBeLessThan(limit)
    const named = Array.from({ length: keyCount }, (_, i) => keyHash(`order-${i}`))
    expect(chiSquare(named, nodeIds)).toBeLessThan(limit)
  })

  test("are spread evenly over keys that count upwards, as hashes may", () => {
    const keys = Array.from({ length: 100_000 }, (_, i) => i)
    expect(chiSquare(keys, [0, 1, 2, 3])).toBeLessThan(100_000 * 0.001)
  })

  test("are those that a sort by weight puts first", () => {
    fc.assert(
      fc.property(keyHashes, nodeSets, (key, nodeIds) => {
        expect(rendezvousOwner(key, nodeIds)).toBe(naiveOwner(key, nodeIds))
      }),
    )
  })

  test("do not depend on the order of the list", () => {
    fc.assert(
      fc.property(keyHashes, nodeSets, (key, nodeIds) => {
        expect(rendezvousOwner(key, nodeIds.toReversed())).toBe(rendezvousOwner(key, nodeIds))
      }),
    )
  })
})

describe("when a node goes", () => {
  test("only its keys move, and they come back with it", () => {
    const owners = (nodeIds: readonly number[]): number[] =>
      randomKeys(5_000, 3).map((key) => rendezvousOwner(key, nodeIds))
    for (const nodeIds of [[0, 1, 2, 3], ALL_NODES.slice(0, 64)]) {
      const before = owners(nodeIds)
      for (const gone of [nodeIds[0]!, nodeIds.at(-1)!]) {
        const meanwhile = owners(nodeIds.filter((nodeId) => nodeId !== gone))
        const moved = before.filter((owner, i) => meanwhile[i] !== owner)
        expect(new Set(moved)).toEqual(new Set([gone]))
        expect(moved.length).toBe(before.filter((owner) => owner === gone).length)
        expect(owners(nodeIds)).toEqual(before)
      }
    }
  })

  test("its keys are spread over all that stay", () => {
    const keys = randomKeys(200_000, 5).filter((key) => rendezvousOwner(key, [0, 1, 2, 3, 4]) === 2)
    expect(chiSquare(keys, [0, 1, 3, 4])).toBeLessThan(chiSquareLimit(3))
  })

  test("it makes no difference to a key of another node, whatever the nodes", () => {
    fc.assert(
      fc.property(keyHashes, nodeSets, fc.nat(), (key, nodeIds, pick) => {
        const owner = rendezvousOwner(key, nodeIds)
        const gone = nodeIds[pick % nodeIds.length]!
        const left = nodeIds.filter((nodeId) => nodeId !== gone)
        if (gone !== owner) expect(rendezvousOwner(key, left)).toBe(owner)
      }),
    )
  })
})

test("no two of all 1,024 nodes tie for any of many keys", () => {
  const edges = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]
  for (const key of [...edges, ...randomKeys(2_000, 9)]) {
    const weights = new Set(ALL_NODES.map((nodeId) => rendezvousWeight(key, nodeId)))
    expect(weights.size).toBe(ALL_NODES.length)
    for (const weight of weights) if (weight < 0 || weight >= 2 ** 32) expect(weight).toBe(-1)
  }
})
