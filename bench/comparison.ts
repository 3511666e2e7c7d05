import { FIRN, seriesOf, valuesOf } from "./figures.ts"
import type { Figure, Results } from "./figures.ts"
import { ratiosOf, spreadOf } from "./statistics.ts"
import type { Spread } from "./statistics.ts"

/** Less than this is not worth a line, however steady the samples are. */
const SHARE_MIN = 0.02

/** A figure that differs between two results by more than their noise. */
export interface Change {
  /** Suite and name of the figure, and what Firn was compared with. */
  readonly what: string
  readonly before: Spread
  readonly after: Spread
  /** How much better the later one is: 1.1 is a tenth better, whichever way the figure counts. */
  readonly gain: number
}

export interface Comparison {
  readonly changes: readonly Change[]
  /** How many pairs of figures were compared. */
  readonly compared: number
  /** Figures that only one of the two has. */
  readonly unmatched: readonly string[]
}

/**
 * What changed from one run to another. For each figure it compares the ratio of Firn to the first
 * other subject, taken round by round, because absolute numbers of two runs differ by what the
 * machine was doing. Where nothing else was measured, it compares the number itself. A change is
 * beyond the noise when all samples of one run lie on the same side of all samples of the other.
 */
export function compareResults(before: Results, after: Results): Comparison {
  const earlier = new Map(before.figures.map((figure) => [keyOf(figure), figure]))
  const changes: Change[] = []
  const unmatched: string[] = []
  let compared = 0
  for (const figure of after.figures) {
    const one = earlier.get(keyOf(figure))
    earlier.delete(keyOf(figure))
    const change = one && changeOf(one, figure)
    if (change === undefined) {
      unmatched.push(keyOf(figure))
      continue
    }
    compared++
    if (isBeyondNoise(change)) changes.push(change)
  }
  return { changes, compared, unmatched: [...unmatched, ...earlier.keys()] }
}

function keyOf({ suite, name }: Figure): string {
  return `${suite}: ${name}`
}

function changeOf(one: Figure, other: Figure): Change | undefined {
  const reference = one.series.find(
    ({ subject }) => subject !== leadOf(one) && seriesOf(other, subject) !== undefined,
  )?.subject
  const before = measuredOf(one, reference)
  const after = measuredOf(other, reference)
  if (before === undefined || after === undefined) return undefined
  const quotient = after.median / before.median
  const what = reference === undefined ? keyOf(one) : `${keyOf(one)}, to ${reference}`
  return { what, before, after, gain: one.better === "higher" ? quotient : 1 / quotient }
}

/** The subject that is compared with the others: Firn, or the first where none has that name. */
function leadOf(figure: Figure): string | undefined {
  return (seriesOf(figure, FIRN) ?? figure.series[0])?.subject
}

function measuredOf(figure: Figure, reference: string | undefined): Spread | undefined {
  const lead = seriesOf(figure, leadOf(figure) ?? "")
  if (lead === undefined || lead.samples.length === 0) return undefined
  if (reference === undefined) return spreadOf(valuesOf(lead))
  const other = seriesOf(figure, reference)
  const ratios = other === undefined ? [] : ratiosOf(valuesOf(lead), valuesOf(other))
  return ratios.length === 0 ? undefined : spreadOf(ratios)
}

function isBeyondNoise({ before, after, gain }: Change): boolean {
  const isApart = before.max < after.min || after.max < before.min
  return isApart && Math.abs(gain - 1) >= SHARE_MIN
}
