import type { TopLevelSpec } from "vega-lite"
import type { Figure, Series } from "../figures.ts"
import { ratioSpread, ratioText } from "../report.ts"
import { logAxis, roundNumbers } from "./scales.ts"

const X_TITLE = "Firn to the other (ratio; 1 is level, to the right Firn does more)"

/** How many times better the first subject of a figure is than one of the others. */
interface Row {
  readonly what: string
  readonly kind: "floor" | "rival"
  readonly median: number
  readonly min: number
  readonly max: number
  readonly text: string
}

/** Firn against floors and rivals, one bar for each pair; 1 is as good as the other. */
export function ratioChart(figures: readonly Figure[], floors: readonly string[]): TopLevelSpec {
  const rows = figures.flatMap((figure) => {
    const [firn, ...others] = figure.series
    return firn === undefined ? [] : others.map((other) => rowOf(figure, firn, other, floors))
  })
  const axis = { title: null }
  const y = { field: "what", type: "nominal", sort: null, axis } as const
  const x = logAxis("median", X_TITLE, roundNumbers(0.1, 100))
  const scale = { ...x.scale, domain: [0.1, 100] }
  const along = (field: string) => ({ ...x, field, scale })
  return {
    width: 380,
    height: { step: 24 },
    title: {
      text: "Firn against floors and rivals",
      subtitle: "ratio of ids or requests a second, round by round: median and range",
    },
    data: { values: rows },
    layer: [
      {
        data: { values: [{ level: 1 }] },
        mark: { type: "rule", color: "#57606a" },
        encoding: { x: along("level") },
      },
      {
        mark: { type: "rule", strokeWidth: 3, opacity: 0.5 },
        encoding: { x: along("min"), y, x2: { field: "max" }, color: kindColor() },
      },
      {
        mark: { type: "point", filled: true, size: 90, opacity: 1 },
        encoding: { x: along("median"), y, color: kindColor() },
      },
      {
        mark: { type: "text", align: "left", fontSize: 11, color: "#24292f" },
        encoding: { x: { value: 386 }, y, text: { field: "text" } },
      },
    ],
  }
}

function kindColor() {
  return {
    field: "kind",
    type: "nominal",
    scale: { domain: ["floor", "rival"] },
    legend: {},
  } as const
}

function rowOf(figure: Figure, firn: Series, other: Series, floors: readonly string[]): Row {
  const spread = ratioSpread(firn, other)
  const kind = floors.includes(other.subject) ? "floor" : "rival"
  return { what: `${other.subject} — ${figure.name}`, kind, ...spread, text: ratioText(spread) }
}
