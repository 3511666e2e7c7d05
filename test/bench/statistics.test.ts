import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { ratiosOf, spreadOf } from "../../bench/statistics.ts"

describe("a spread", () => {
  test("has the middle sample, or the mean of the two in the middle", () => {
    expect(spreadOf([3, 100, 1])).toEqual({ median: 3, min: 1, max: 100 })
    expect(spreadOf([8, 2, 4, 100])).toEqual({ median: 6, min: 2, max: 100 })
    expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7 })
  })

  test("has as many samples below its median as above, in whatever order they came", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 30 }), (samples) => {
        const copy = [...samples]
        const { median, min, max } = spreadOf(samples)
        const below = samples.filter((sample) => sample < median).length
        const above = samples.filter((sample) => sample > median).length
        expect(Math.max(below, above)).toBeLessThanOrEqual(samples.length / 2)
        expect([min, max]).toEqual([Math.min(...samples), Math.max(...samples)])
        expect(samples).toEqual(copy)
      }),
    )
  })

  test("of no samples is refused", () => {
    expect(() => spreadOf([])).toThrow(RangeError)
  })
})

test("ratios are taken round by round, and not of medians", () => {
  // The machine was three times slower in the second round, for both.
  expect(ratiosOf([90, 30, 99], [100, 30, 110])).toEqual([0.9, 1, 0.9])
})

test("a round that only one has finished has no ratio", () => {
  expect(ratiosOf([4, 5, 6], [2, 5])).toEqual([2, 1])
})
