import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { Latencies } from "../../../server/load/latencies.ts"

describe("the histogram", () => {
  test("gives percentiles within a thousandth of those of a sorted list", () => {
    const latencyMs = fc.double({ min: 0.001, max: 10_000, noNaN: true })
    fc.assert(
      fc.property(fc.array(latencyMs, { minLength: 1, maxLength: 500 }), (samples) => {
        const latencies = new Latencies()
        for (const sample of samples) latencies.record(sample, 1)
        const sorted = samples.toSorted((a, b) => a - b)
        const { p50, p99, max } = latencies.summary()
        for (const [percentile, got] of [
          [50, p50],
          [99, p99],
          [100, max],
        ] as const) {
          const rank = Math.max(1, Math.ceil((percentile / 100) * sorted.length))
          const wantedUs = sorted[rank - 1]! * 1_000
          expect(Math.abs(got - wantedUs)).toBeLessThanOrEqual(wantedUs * 0.001 + 0.1)
        }
      }),
    )
  })

  test("counts what is recorded together as that many", () => {
    const latencies = new Latencies()
    latencies.record(1, 9_998)
    latencies.record(50, 2)
    expect(latencies.count).toBe(10_000)
    const { p50, p99, p9999, max } = latencies.summary()
    expect([p50, p99, p9999, max].map((us) => Math.round(us / 1_000))).toEqual([1, 1, 50, 50])
  })

  test("takes those of another one in", () => {
    const [all, some] = [new Latencies(), new Latencies()]
    all.record(1, 99)
    some.record(30, 1)
    all.add(some)
    expect(all.count).toBe(100)
    expect(Math.round(all.summary().max / 1_000)).toBe(30)
  })

  test("is empty after it was cleared", () => {
    const latencies = new Latencies()
    latencies.record(1, 5)
    latencies.clear()
    expect(latencies.count).toBe(0)
  })
})
