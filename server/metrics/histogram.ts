/**
 * How often values lay below each of some bounds: a histogram as Prometheus has it, with its sum. Values and
 * bounds are of one unit.
 */
export class Histogram {
  /** Increasing. */
  readonly bounds: readonly number[]
  /** How many values lay at or below each bound and above the one before it; the last is of those above all. */
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const { bounds } = this
    let at = 0
    while (at < bounds.length && value > bounds[at]!) at++
    this.counts[at]!++
    this.sum += value
  }
}
