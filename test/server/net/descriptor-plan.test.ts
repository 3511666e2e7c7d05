import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { ServerError } from "../../../server/errors.ts"
import { planDescriptors } from "../../../server/net/descriptor-plan.ts"

const ALONE = { maxConnections: 10_000, peerConnections: 0 }

describe("a plan for descriptors", () => {
  test("gives clients what they are to have where the limit is high", () => {
    const plan = planDescriptors({ limit: 1_048_576, open: 12 }, ALONE)
    expect(plan).toEqual({ maxConnections: 10_000, maxRefused: 256, ceiling: 1_048_560 })
  })

  test("gives them what is left where it is low", () => {
    const plan = planDescriptors({ limit: 64, open: 12 }, ALONE)
    expect(plan).toEqual({ maxConnections: 26, maxRefused: 5, ceiling: 48 })
  })

  test("keeps up to a quarter of what is left for other nodes", () => {
    const few = planDescriptors({ limit: 1_024, open: 12 }, { ...ALONE, peerConnections: 30 })
    expect(few).toEqual({ maxConnections: 716, maxRefused: 125, ceiling: 978 })
    const many = planDescriptors({ limit: 1_024, open: 12 }, { ...ALONE, peerConnections: 4_000 })
    expect(many).toEqual({ maxConnections: 497, maxRefused: 125, ceiling: 759 })
  })

  test("holds nothing back where the limit is not known", () => {
    const plan = planDescriptors(undefined, ALONE)
    expect(plan).toEqual({ maxConnections: 10_000, maxRefused: 256, ceiling: Infinity })
  })

  test("serves one client where the limit is just high enough, and refuses one below", () => {
    expect(planDescriptors({ limit: 31, open: 12 }, ALONE).maxConnections).toBe(1)
    const plan = (): unknown => planDescriptors({ limit: 30, open: 12 }, ALONE)
    expect(plan).toThrow(
      new ServerError("the limit of open files is 30, and a node needs 31 (ulimit -n)"),
    )
  })

  test("never gives out more than there are, and always serves somebody", () => {
    const files = fc.record({ open: fc.nat(500), more: fc.integer({ min: 19, max: 100_000 }) })
    const needs = fc.record({
      maxConnections: fc.integer({ min: 1, max: 100_000 }),
      peerConnections: fc.nat(130_000),
    })
    fc.assert(
      fc.property(files, needs, ({ open, more }, wanted) => {
        const limit = open + more
        const { maxConnections, maxRefused, ceiling } = planDescriptors({ limit, open }, wanted)
        expect(maxConnections).toBeGreaterThanOrEqual(1)
        expect(maxConnections).toBeLessThanOrEqual(wanted.maxConnections)
        expect(maxRefused).toBeGreaterThanOrEqual(1)
        // HTTP has as many again as refused clients.
        expect(open + maxConnections + 2 * maxRefused).toBeLessThanOrEqual(ceiling)
        expect(limit - ceiling).toBeGreaterThanOrEqual(16)
      }),
    )
  })
})
