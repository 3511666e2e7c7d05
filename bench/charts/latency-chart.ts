import type { TopLevelSpec } from "vega-lite"
import type { Figure } from "../figures.ts"
import { shortNumber } from "../report.ts"
import { spreadOf } from "../statistics.ts"
import { logAxis, roundNumbers, subjectColor } from "./scales.ts"

/** Each percentile, and one in how many requests is slower than it. */
const PERCENTILES = [
  ["p50", 2],
  ["p90", 10],
  ["p99", 100],
  ["p999", 1_000],
  ["p9999", 10_000],
] as const

const Y_TITLE = "latency (µs)"
const LABELS = "{'2':'p50','10':'p90','100':'p99','1000':'p99.9','10000':'p99.99'}[datum.value]"

/** Latency percentiles at a fixed rate, of each subject: the median of its samples, and their range. */
export function latencyChart({ parameters, series }: Figure): TopLevelSpec {
  const rows = series.flatMap(({ subject, samples }) => {
    const latencies = samples.flatMap(({ latencyUs }) => latencyUs ?? [])
    return PERCENTILES.map(([percentile, oneOf]) => {
      return { subject, oneOf, ...spreadOf(latencies.map((latency) => latency[percentile])) }
    })
  })
  const x = logAxis(
    "oneOf",
    "percentile of requests",
    PERCENTILES.map(([, oneOf]) => oneOf),
  )
  const ticks = roundNumbers(
    Math.min(...rows.map(({ min }) => min)),
    Math.max(...rows.map(({ max }) => max)),
  )
  const rate = shortNumber(parameters["ratePerSecond"] ?? NaN)
  return {
    width: 560,
    height: 300,
    title: {
      text: "Latency at half load",
      subtitle: `${rate} requests a second on ${parameters["connections"]} connections, from the time each was due`,
    },
    data: { values: rows },
    encoding: {
      x: { ...x, axis: { ...x.axis, labelExpr: LABELS } },
      color: subjectColor(rows),
    },
    layer: [
      {
        mark: { type: "area", opacity: 0.15 },
        encoding: { y: { ...logAxis("min", Y_TITLE, ticks), stack: null }, y2: { field: "max" } },
      },
      {
        mark: { type: "line", point: true },
        encoding: { y: logAxis("median", Y_TITLE, ticks) },
      },
    ],
  }
}
