/** Median, least and greatest of a few samples. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** @throws RangeError without samples */
export function spreadOf(samples: readonly number[]): Spread {
  if (samples.length === 0) throw new RangeError("there are no samples")
  const sorted = samples.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  const median = sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
  return { median, min: sorted[0]!, max: sorted.at(-1)! }
}

/**
 * The ratio of one to the other in each round. The two samples of a round were taken one right
 * after the other: what else the machine did then slowed both, and mostly drops out of the ratio.
 */
export function ratiosOf(ones: readonly number[], others: readonly number[]): number[] {
  return Array.from(
    { length: Math.min(ones.length, others.length) },
    (_, round) => ones[round]! / others[round]!,
  )
}
