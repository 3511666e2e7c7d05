/** Numbers on an axis as people read them: 0.5, 20, 1000, 50k, 4M. */
const SHORT_NUMBERS = "format(datum.value, datum.value < 10000 ? '~g' : '~s')"

export interface LogAxis {
  readonly field: string
  readonly type: "quantitative"
  readonly scale: { readonly type: "log"; readonly nice: false; readonly domain?: number[] }
  readonly axis: { readonly title: string; readonly labelExpr: string; readonly values: number[] }
}

/** A logarithmic axis; its title names the unit. */
export function logAxis(field: string, title: string, values: readonly number[]): LogAxis {
  return {
    field,
    type: "quantitative",
    scale: { type: "log", nice: false },
    axis: { title, labelExpr: SHORT_NUMBERS, values: [...values] },
  }
}

export interface SubjectColor {
  readonly field: "subject"
  readonly type: "nominal"
  readonly scale: { readonly domain: string[] }
  readonly legend: Record<string, never>
}

/** The subjects in the order of the rows, so that Firn has the same colour everywhere. */
export function subjectColor(rows: readonly { readonly subject: string }[]): SubjectColor {
  const domain = [...new Set(rows.map(({ subject }) => subject))]
  return { field: "subject", type: "nominal", scale: { domain }, legend: {} }
}

/** Those of 1, 2, 5, 10, 20 … that lie between `min` and `max`. */
export function roundNumbers(min: number, max: number): number[] {
  const numbers: number[] = []
  for (let decade = 10 ** Math.floor(Math.log10(min)); decade <= max; decade *= 10) {
    numbers.push(decade, decade * 2, decade * 5)
  }
  return numbers.filter((number) => number >= min && number <= max)
}
