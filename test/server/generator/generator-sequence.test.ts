import { describe, expect, test } from "bun:test"
import { NODE_ID, VirtualNode } from "../../support/virtual-node.ts"
import type { Block } from "../../support/virtual-node.ts"
import { SOME_TIME, VirtualEnvironment } from "../../support/virtual-environment.ts"

const MODULUS_MAX = 256
/** So many ids that chance alone hardly ever takes the count of a bucket 20 % off. */
const IDS_PER_BUCKET = 800

/** `id % n` in numbers that stay exact. */
function remainder({ time, sequence }: Block, n: number): number {
  return ((time % n) * (2 ** 22 % n) + NODE_ID * 4_096 + sequence) % n
}

/** The bucket that is furthest from its fair share, as a part of that share. */
function worstDeviation(blocks: readonly Block[], n: number): number {
  const counts = new Uint32Array(n)
  for (const block of blocks) counts[remainder(block, n)]! += 1
  const share = blocks.length / n
  return counts.reduce((worst, count) => Math.max(worst, Math.abs(count - share) / share), 0)
}

function oneEveryMillisecond(count: number): Block[] {
  const node = new VirtualNode({ environment: new VirtualEnvironment(SOME_TIME, 20_260_101) })
  return Array.from({ length: count }, () => {
    node.environment.advance(1)
    return node.takeBlock()
  })
}

describe("at one id a millisecond", () => {
  test("id % n fills all n buckets evenly for every n up to 256", () => {
    const blocks = oneEveryMillisecond(MODULUS_MAX * IDS_PER_BUCKET)
    const uneven: string[] = []
    for (let n = 1; n <= MODULUS_MAX; n++) {
      const deviation = worstDeviation(blocks, n)
      if (deviation > 0.2) uneven.push(`n = ${n}: ${deviation}`)
    }
    expect(uneven).toEqual([])
  })

  test("id % n is computed here as a bigint would", () => {
    for (const block of oneEveryMillisecond(20)) {
      for (const n of [1, 2, 3, 7, 10, 100, 255, 256]) {
        expect(remainder(block, n)).toBe(Number(block.first % BigInt(n)))
      }
    }
  })

  test("every id is the first of its millisecond and of the wall clock's time", () => {
    const blocks = oneEveryMillisecond(1_000)
    expect(blocks.map(({ time }) => time - SOME_TIME)).toEqual(blocks.map((_, i) => i + 1))
    expect(blocks.every(({ sequence }) => sequence < 256)).toBe(true)
  })
})

describe("under load", () => {
  test("every millisecond begins at sequence 0 and all 4,096 are given out", () => {
    const node = new VirtualNode()
    // The burst, which also ends the first millisecond's random beginning.
    node.takeAll(1)
    for (let ms = 0; ms < 200; ms++) {
      node.environment.advance(1)
      const sequences = node.takeAll(1).blocks.map(({ sequence }) => sequence)
      expect(sequences.length).toBe(4_096)
      expect([sequences[0], sequences[4_095]]).toEqual([0, 4_095])
    }
  })

  test("a request for 4,096 every millisecond gets the wall clock's whole millisecond", () => {
    const node = new VirtualNode()
    node.takeBlock(4_096)
    node.environment.advance(1)
    for (let ms = 0; ms < 100; ms++) {
      node.environment.advance(1)
      expect(node.takeBlock(4_096)).toMatchObject({ time: node.environment.time, sequence: 0 })
    }
  })

  test("means 64 ids in a millisecond; after one less the next begins anywhere below 256", () => {
    const starts = (perMs: number): Set<number> => {
      const node = new VirtualNode()
      node.takeBlock(perMs)
      const sequences = Array.from({ length: 300 }, () => {
        node.environment.advance(1)
        return node.takeBlock(perMs).sequence
      })
      return new Set(sequences)
    }
    expect(starts(64)).toEqual(new Set([0]))
    expect(starts(63).size).toBeGreaterThan(100)
  })
})

describe("a block", () => {
  test.each([1, 2, 255, 4_095, 4_096])("of %d ids lies within one millisecond", (count) => {
    const node = new VirtualNode()
    for (let i = 0; i < 500; i++) {
      node.environment.advance(1.3)
      const { first, last, sequence } = node.takeBlock(count)
      expect(sequence + count).toBeLessThanOrEqual(4_096)
      expect([last - first, last >> 12n]).toEqual([BigInt(count - 1), first >> 12n])
    }
  })

  test("begins right behind the one before when there is room", () => {
    const node = new VirtualNode()
    let { last } = node.takeBlock()
    for (const count of [1, 5, 100, 1_000]) {
      const block = node.takeBlock(count)
      expect(block.first).toBe(last + 1n)
      last = block.last
    }
  })
})

test("the clock is read once for any number of takes", () => {
  const node = new VirtualNode()
  node.environment.wallReads = 0
  node.begin()
  for (let i = 0; i < 10_000; i++) node.takeOnly()
  expect(node.environment.wallReads).toBe(1)
})
