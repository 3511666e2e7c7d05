import type { TopLevelSpec } from "vega-lite"
import type { Figure } from "../figures.ts"
import { FAIRNESS_PREFIX, MODEST_P99_MS } from "../suites/fairness.ts"
import { spreadOf } from "../statistics.ts"
import { logAxis, roundNumbers, subjectColor } from "./scales.ts"

const X_TITLE = "p99 of one id at a time (ms)"

/** What a modest client waits beside each attack and after it, and what it may wait at most. */
export function fairnessChart(figures: readonly Figure[]): TopLevelSpec {
  const rows = figures.flatMap(({ name, series }) =>
    series.map(({ subject, samples }) => {
      const { median } = spreadOf(samples.map(({ value }) => value))
      return { attack: name.replace(FAIRNESS_PREFIX, ""), subject, median }
    }),
  )
  const all = [MODEST_P99_MS, ...rows.map(({ median }) => median)]
  const [least, most] = [Math.min(...all) / 1.5, Math.max(...all) * 2]
  const logarithmic = logAxis("median", X_TITLE, roundNumbers(least, most))
  const x = { ...logarithmic, scale: { ...logarithmic.scale, domain: [least, most] } }
  return {
    width: 380,
    height: { step: 30 },
    title: {
      text: "A modest client beside those that take all they can",
      subtitle: `the line is at ${MODEST_P99_MS} ms, which it is to stay below`,
    },
    data: { values: rows },
    layer: [
      {
        data: { values: [{ limit: MODEST_P99_MS }] },
        mark: { type: "rule", color: "#57606a" },
        encoding: { x: { ...x, field: "limit" } },
      },
      {
        mark: { type: "point", filled: true, size: 90, opacity: 1 },
        encoding: {
          x,
          y: {
            field: "attack",
            type: "nominal",
            sort: null,
            axis: { title: null },
          },
          color: subjectColor(rows),
        },
      },
    ],
  }
}
