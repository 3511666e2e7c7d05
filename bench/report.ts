import { valuesOf } from "./figures.ts"
import type { Figure, Series } from "./figures.ts"
import { ratiosOf, spreadOf } from "./statistics.ts"
import type { Spread } from "./statistics.ts"

/** One figure in a line: `50 connections, 16 deep: Firn 2.4M ids/s; 0.93 (0.90-0.95) of Bun.listen`. */
export function figureLine(figure: Figure): string {
  const [first, ...others] = figure.series
  if (first === undefined) return figure.name
  const { median } = spreadOf(valuesOf(first))
  const parts = [`${first.subject} ${withUnit(median, figure.unit)}`]
  for (const other of others) {
    const otherMedian = spreadOf(valuesOf(other)).median
    parts.push(
      `${ratioText(ratioSpread(first, other))} of ${other.subject}'s ${shortNumber(otherMedian)}`,
    )
  }
  return `${figure.name}: ${parts.join("; ")}`
}

export function ratioSpread(one: Series, other: Series): Spread {
  return spreadOf(ratiosOf(valuesOf(one), valuesOf(other)))
}

export function ratioText({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}-${max.toFixed(2)})`
}

function withUnit(value: number, unit: string): string {
  return `${shortNumber(value)} ${unit}`
}

/** Three digits, and M or k from a thousand on. */
export function shortNumber(value: number): string {
  if (value >= 1e6) return `${threeDigits(value / 1e6)}M`
  if (value >= 1e4) return `${threeDigits(value / 1e3)}k`
  return threeDigits(value)
}

function threeDigits(value: number): string {
  return value >= 1_000 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}
