import { describe, expect, test } from "bun:test"
import { NODE_ID, VirtualNode } from "../../support/virtual-node.ts"
import type { Block } from "../../support/virtual-node.ts"
import { SOME_TIME, VirtualEnvironment } from "../../support/virtual-environment.ts"

const SEQUENCES = 4_096
/** So many ids that chance alone hardly ever takes the count of a bucket 25 % off. */
const IDS_PER_BUCKET = 400

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

/** A node that was asked for so many ids in each of so many milliseconds. */
function everyMillisecond(perMs: number, count: number, stepMs = 1): Block[] {
  const node = new VirtualNode({ environment: new VirtualEnvironment(SOME_TIME, 20_260_101) })
  return Array.from({ length: count }, () => {
    node.environment.advance(stepMs)
    return node.takeBlock(perMs)
  })
}

/** The same as `worstDeviation` for blocks, where n is a power of two: the time does not count. */
function worstOfBlocks(blocks: readonly Block[], count: number, n: number): number {
  const steps = new Int32Array(SEQUENCES + 1)
  for (const { sequence } of blocks) {
    steps[sequence]! += 1
    steps[sequence + count]! -= 1
  }
  const counts = new Uint32Array(n)
  for (let sequence = 0, open = 0; sequence < SEQUENCES; sequence++) {
    open += steps[sequence]!
    counts[sequence % n]! += open
  }
  const share = (blocks.length * count) / n
  return counts.reduce((worst, of) => Math.max(worst, Math.abs(of - share) / share), 0)
}

describe("at one id a millisecond", () => {
  test("id % n fills all n buckets evenly for every n up to 256, and up to 4,096", () => {
    const blocks = oneEveryMillisecond(SEQUENCES * IDS_PER_BUCKET)
    const few = blocks.slice(0, 256 * IDS_PER_BUCKET)
    const uneven: string[] = []
    for (let n = 1; n <= 256; n++) {
      const deviation = worstDeviation(few, n)
      if (deviation > 0.25) uneven.push(`n = ${n}: ${deviation}`)
    }
    for (const n of [512, 1_000, 1_024, 2_000, 2_048, 4_095, 4_096]) {
      const deviation = worstDeviation(blocks, n)
      if (deviation > 0.25) uneven.push(`n = ${n}: ${deviation}`)
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
})

describe("at a steady rate", () => {
  const rates = [1, 2, 5, 10, 30, 63, 64, 70, 100, 300, 1_000]

  test.each(rates)("of %d ids a millisecond, ids modulo 256 and 1,024 are spread", (perMs) => {
    const blocks = everyMillisecond(perMs, Math.max(100_000, 1_000_000 / perMs))
    expect(worstOfBlocks(blocks, perMs, 256)).toBeLessThan(0.15)
    expect(worstOfBlocks(blocks, perMs, 1_024)).toBeLessThan(0.4)
  })

  test("of 70 ids every 2 ms, id % 256 is spread, and below 4,096 hardly any is left out", () => {
    const blocks = everyMillisecond(70, 100_000, 2)
    expect(worstOfBlocks(blocks, 70, 256)).toBeLessThan(0.15)
    const seen = new Set(
      blocks.flatMap(({ sequence }) => Array.from({ length: 70 }, (_, i) => sequence + i)),
    )
    expect(seen.size).toBeGreaterThan(SEQUENCES - 2 * 70)
  })

  test.each(rates)("of %d ids a millisecond each one has the clock's time", (perMs) => {
    const node = new VirtualNode()
    node.takeBlock(perMs)
    node.environment.advance(2)
    let ahead = 0
    for (let ms = 0; ms < 3_000; ms++) {
      node.environment.advance(1)
      // One by one, and now and then almost twice as many.
      const count = ms % 10 === 0 ? 2 * perMs - 1 : perMs
      for (let i = 0; i < count; i++) ahead += node.takeBlock().time - node.environment.time
    }
    expect(ahead).toBe(0)
  })

  test("of more than 2,048 ids every millisecond begins at sequence 0", () => {
    const starts = everyMillisecond(2_049, 100).slice(1)
    expect(new Set(starts.map(({ sequence }) => sequence))).toEqual(new Set([0]))
  })

  test("that ends is forgotten within 100 milliseconds with ids", () => {
    const node = new VirtualNode()
    node.takeBlock(4_096)
    node.environment.advance(2)
    for (let ms = 0; ms < 100; ms++) {
      node.environment.advance(1)
      node.takeBlock()
    }
    const starts = Array.from({ length: 2_000 }, () => {
      node.environment.advance(1)
      return node.takeBlock().sequence
    })
    expect(Math.max(...starts)).toBeGreaterThan(4_050)
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
