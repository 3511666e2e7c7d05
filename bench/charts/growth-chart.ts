import type { TopLevelSpec } from "vega-lite"
import { valuesOf } from "../figures.ts"
import type { Figure } from "../figures.ts"
import { spreadOf } from "../statistics.ts"
import { logAxis, roundNumbers, subjectColor } from "./scales.ts"

export interface GrowthText {
  readonly title: string
  readonly subtitle: string
  /** The parameter that grows, and its axis. */
  readonly parameter: string
  readonly xTitle: string
}

/** Throughput and, below it, p99 as something grows. */
export function growthChart(figures: readonly Figure[], about: GrowthText): TopLevelSpec {
  const rows = figures.flatMap(({ parameters, series }) => {
    return series.map((one) => {
      const p99 = one.samples.flatMap(({ latencyUs }) => latencyUs?.p99 ?? [])
      return {
        subject: one.subject,
        size: parameters[about.parameter]!,
        rate: spreadOf(valuesOf(one)).median,
        p99: spreadOf(p99).median / 1_000,
      }
    })
  })
  const sizes = [...new Set(rows.map(({ size }) => size))]
  const panel = (field: "rate" | "p99", title: string, height: number) => {
    const values = rows.map((row) => row[field])
    const ticks = roundNumbers(Math.min(...values), Math.max(...values))
    return {
      width: 560,
      height,
      mark: { type: "line", point: { size: 50 } },
      encoding: {
        x: logAxis("size", about.xTitle, sizes),
        y: logAxis(field, title, ticks),
        color: subjectColor(rows),
      },
    } as const
  }
  return {
    title: { text: about.title, subtitle: about.subtitle },
    data: { values: rows },
    vconcat: [panel("rate", "ids a second", 200), panel("p99", "p99 latency (ms)", 160)],
  }
}
