import type { TopLevelSpec } from "vega-lite"
import { COUNT_MAX } from "../../protocol/index.ts"
import { valuesOf } from "../figures.ts"
import type { Figure } from "../figures.ts"
import { spreadOf } from "../statistics.ts"
import { logAxis, roundNumbers, subjectColor } from "./scales.ts"

/** The limit of the format: the most ids that a node can give in a second. */
const LIMIT = COUNT_MAX * 1_000

/** What stands above it. */
interface About {
  readonly title: string
  /** In front of the number of connections. */
  readonly requests: string
}

/** Throughput against depth, at one number of connections, with the limit of the format. */
export function depthChart(figures: readonly Figure[], about: About): TopLevelSpec {
  const rows = figures.flatMap(({ parameters, series }) => {
    return series.map((one) => {
      return { subject: one.subject, depth: parameters["depth"]!, ...spreadOf(valuesOf(one)) }
    })
  })
  const depths = [...new Set(rows.map(({ depth }) => depth))]
  const ticks = roundNumbers(
    Math.min(...rows.map(({ min }) => min)),
    Math.max(...rows.map(({ max }) => max)),
  )
  const y = logAxis("median", "answers a second", ticks)
  return {
    width: 560,
    height: 320,
    title: {
      text: about.title,
      subtitle: `${about.requests}${figures[0]?.parameters["connections"]} connections; the median of all rounds, and their range`,
    },
    data: { values: rows },
    layer: [
      {
        encoding: {
          x: logAxis("depth", "requests in flight on each connection", depths),
          color: subjectColor(rows),
        },
        layer: [
          { mark: { type: "line", point: { size: 60 } }, encoding: { y } },
          {
            mark: { type: "rule", strokeWidth: 3, opacity: 0.4 },
            encoding: { y: { ...y, field: "min" }, y2: { field: "max" } },
          },
        ],
      },
      {
        data: {
          values: [{ limit: LIMIT, text: "4,096,000 ids a second: the limit of the format" }],
        },
        encoding: { y: { ...y, field: "limit" } },
        layer: [
          { mark: { type: "rule", strokeDash: [6, 4], color: "#57606a" } },
          {
            mark: { type: "text", align: "left", dx: 6, dy: -7, color: "#57606a", fontSize: 11 },
            encoding: { text: { field: "text" }, x: { value: 0 } },
          },
        ],
      },
    ],
  }
}
