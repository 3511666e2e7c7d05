import { build } from "hdr-histogram-js"

/** What the histogram counts in: tenths of a microsecond, so that 40 µs still has three digits. */
const TICKS_PER_MS = 10_000
const TICKS_PER_US = 10
/** Below 2^31, up to which the library counts without bigger numbers. */
const TICKS_MAX = 2 ** 31 - 1

/** Microseconds. */
export interface Latency {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly p9999: number
  readonly max: number
}

/** Latencies in an HDR histogram (Gil Tene), exact to three digits. */
export class Latencies {
  readonly #histogram = build({
    bitBucketSize: 32,
    highestTrackableValue: TICKS_MAX,
    numberOfSignificantValueDigits: 3,
  })

  record(latencyMs: number, count: number): void {
    // At least one tick, where the histogram begins: the clock may show the same time twice.
    const ticks = Math.min(Math.max(1, Math.round(latencyMs * TICKS_PER_MS)), TICKS_MAX)
    this.#histogram.recordValueWithCount(ticks, count)
  }

  /** Takes those of another one in as well. */
  add(other: Latencies): void {
    this.#histogram.add(other.#histogram)
  }

  get count(): number {
    return this.#histogram.totalCount
  }

  clear(): void {
    this.#histogram.reset()
  }

  summary(): Latency {
    const at = (percentile: number): number =>
      this.#histogram.getValueAtPercentile(percentile) / TICKS_PER_US
    return {
      p50: at(50),
      p90: at(90),
      p99: at(99),
      p999: at(99.9),
      p9999: at(99.99),
      max: this.#histogram.maxValue / TICKS_PER_US,
    }
  }
}
