import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { backoffMs } from "../../protocol/index.ts"

const ALMOST_ONE = 1 - 2 ** -53

describe("the wait before the next attempt", () => {
  test.each([
    [0, 25, 50],
    [1, 50, 100],
    [2, 100, 200],
    [3, 200, 400],
    [4, 400, 800],
    [5, 800, 1_600],
    [6, 1_000, 2_000],
    [7, 1_000, 2_000],
  ])("of attempt %d is %d to %d ms", (attempt, fromMs, toMs) => {
    expect(backoffMs(attempt, 0)).toBe(fromMs)
    expect(backoffMs(attempt, ALMOST_ONE)).toBeCloseTo(toMs, 6)
    expect(backoffMs(attempt, ALMOST_ONE)).toBeLessThanOrEqual(toMs)
  })

  test("never gets shorter with the attempts, nor longer than 2 s", () => {
    const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(fc.nat({ max: 100_000 }), randoms, (attempt, random) => {
        const waitMs = backoffMs(attempt, random)
        expect(waitMs).toBeWithin(25, 2_000.001)
        expect(backoffMs(attempt + 1, random)).toBeGreaterThanOrEqual(waitMs)
      }),
    )
  })

  test("is spread by the random number over half of its range", () => {
    const waits = Array.from({ length: 100 }, (_, i) => backoffMs(20, i / 100))
    expect(new Set(waits).size).toBe(100)
    expect(Math.max(...waits) - Math.min(...waits)).toBe(990)
  })
})
