import { expect, test } from "bun:test"
import fc from "fast-check"
import type { Outcome } from "../../support/virtual-node.ts"
import { Life, steps } from "./life.ts"
import type { Step } from "./life.ts"

const seeds = fc.integer()
const any = steps(4_096)
const small = steps(8)

function lives(arbitrary: fc.Arbitrary<Step>): fc.Arbitrary<[number, Step[]]> {
  return fc.tuple(seeds, fc.array(arbitrary, { maxLength: 60, size: "max" }))
}

function live(seed: number, path: readonly Step[]): Life {
  const life = new Life(seed)
  for (const step of path) life.do(step)
  return life
}

test("whatever clock, disk and crashes do, ids increase, below the mark and within the lead", () => {
  const path = lives(
    fc.oneof(
      { weight: 8, arbitrary: any.clock },
      { weight: 2, arbitrary: any.disk },
      { weight: 1, arbitrary: any.life },
    ),
  )
  let blocks = 0
  const refusals = new Set<string>()
  fc.assert(
    fc.property(path, ([seed, way]) => {
      const life = live(seed, way)
      blocks += life.blocks.length
      for (const refusal of life.refusals) refusals.add(refusal)
    }),
    { numRuns: 5_000, includeErrorInReport: true },
  )
  // The walks do reach every kind of refusal.
  expect(blocks).toBeGreaterThan(100_000)
  expect([...refusals].sort()).toEqual(["CLOCK_BEHIND", "NOT_READY", "WAIT"])
})

test("no id comes twice, by a list of them all", () => {
  const path = lives(
    fc.oneof(
      { weight: 8, arbitrary: small.clock },
      { weight: 1, arbitrary: small.disk },
      { weight: 2, arbitrary: small.life },
    ),
  )
  fc.assert(
    fc.property(path, ([seed, way]) => {
      const ids = live(seed, way).blocks.flatMap(({ first, count }) => {
        return Array.from({ length: Math.min(count, 64) }, (_, i) => first + BigInt(i))
      })
      expect(new Set(ids).size).toBe(ids.length)
    }),
    { numRuns: 300, includeErrorInReport: true },
  )
})

test("as long as the disk writes within its patience, nobody is told NOT_READY", () => {
  const disk = fc.record({
    kind: fc.constant("disk" as const),
    latency: fc.integer({ min: 0, max: 900 }),
    failing: fc.constant(false),
  })
  const path = lives(fc.oneof({ weight: 8, arbitrary: any.clock }, { weight: 1, arbitrary: disk }))
  fc.assert(
    fc.property(path, ([seed, way]) => {
      expect(live(seed, way).refusals).not.toContain("NOT_READY")
    }),
    { numRuns: 2_000, includeErrorInReport: true },
  )
})

test("who waits as told, twice at most, gets a block unless the clock is too far behind", () => {
  const path = lives(fc.oneof({ weight: 6, arbitrary: any.clock }, any.life))
  fc.assert(
    fc.property(path, ([seed, way]) => {
      const { node, environment } = live(seed, way)
      let outcome: Outcome | undefined = node.takeAll(4_096).end
      // Twice when the pace passes from the monotonic clock back to the wall clock.
      for (let waits = 0; outcome === "WAIT" && waits < 2; waits++) {
        environment.advance(node.generator.waitMs)
        outcome = node.take(4_096)
      }
      if (typeof outcome === "string") expect(outcome).toBe("CLOCK_BEHIND")
    }),
    { numRuns: 2_000, includeErrorInReport: true },
  )
})
