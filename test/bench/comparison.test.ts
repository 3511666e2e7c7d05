import { describe, expect, test } from "bun:test"
import { compareResults } from "../../bench/comparison.ts"
import { figureOf, resultsOf } from "./figures.ts"

describe("comparing two runs", () => {
  test("tells of a ratio whose samples all lie on one side of those before", () => {
    const before = resultsOf(figureOf("deep", { Firn: [90, 92, 91], floor: [100, 100, 100] }))
    const after = resultsOf(figureOf("deep", { Firn: [80, 82, 81], floor: [100, 100, 100] }))
    const { changes, compared } = compareResults(before, after)
    expect(compared).toBe(1)
    expect(changes).toHaveLength(1)
    expect(changes[0]).toMatchObject({
      what: "tcp: deep, to floor",
      before: { median: 0.91, min: 0.9, max: 0.92 },
      after: { median: 0.81, min: 0.8, max: 0.82 },
    })
    expect(changes[0]!.gain).toBeCloseTo(0.81 / 0.91)
  })

  test("keeps silent when samples overlap, however far the medians are apart", () => {
    const before = resultsOf(figureOf("deep", { Firn: [50, 90, 91], floor: [100, 100, 100] }))
    const after = resultsOf(figureOf("deep", { Firn: [49, 51, 52], floor: [100, 100, 100] }))
    expect(compareResults(before, after).changes).toEqual([])
  })

  test("keeps silent when the whole machine got slower, Firn and floor alike", () => {
    const before = resultsOf(figureOf("deep", { Firn: [90, 91], floor: [100, 101] }))
    const after = resultsOf(figureOf("deep", { Firn: [45, 45.5], floor: [50, 50.5] }))
    expect(compareResults(before, after).changes).toEqual([])
  })

  test("keeps silent about a change too small to matter", () => {
    const before = resultsOf(figureOf("deep", { Firn: [100, 100], floor: [100, 100] }))
    const after = resultsOf(figureOf("deep", { Firn: [101, 101], floor: [100, 100] }))
    expect(compareResults(before, after).changes).toEqual([])
  })

  test("takes the number itself where nothing else was measured, and less for better", () => {
    const cost = (...samples: number[]) =>
      resultsOf(figureOf("an id", { Firn: samples }, { unit: "ns", better: "lower" }))
    const [change] = compareResults(cost(10, 11), cost(5, 5.5)).changes
    expect(change).toMatchObject({ what: "tcp: an id", gain: 2 })
  })

  test("compares only with what both runs have measured", () => {
    const before = resultsOf(
      figureOf("deep", { Firn: [90, 90], gone: [50, 50], floor: [100, 100] }),
    )
    const after = resultsOf(figureOf("deep", { Firn: [90, 90], floor: [50, 50] }))
    expect(compareResults(before, after).changes).toMatchObject([{ what: "tcp: deep, to floor" }])
  })

  test("names the figures that only one of them has", () => {
    const before = resultsOf(figureOf("old", { Firn: [1] }), figureOf("both", { Firn: [1] }))
    const after = resultsOf(figureOf("both", { Firn: [1] }), figureOf("new", { Firn: [1] }))
    const { unmatched, compared } = compareResults(before, after)
    expect(unmatched).toEqual(["tcp: new", "tcp: old"])
    expect(compared).toBe(1)
  })
})
