import { parse, View } from "vega"
import { compile } from "vega-lite"
import type { Config, TopLevelSpec } from "vega-lite"

/**
 * A picture brings its own background, so that it is legible on a light page and on a dark one.
 */
const CONFIG: Config = {
  background: "#ffffff",
  padding: 16,
  font: "system-ui, sans-serif",
  title: {
    fontSize: 15,
    anchor: "start",
    subtitleFontSize: 12,
    subtitleColor: "#57606a",
    offset: 14,
  },
  axis: {
    // 0 is no limit. Without a canvas Vega takes letters for wider than they are, and cuts labels.
    labelLimit: 0,
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: "normal",
    labelColor: "#24292f",
    titleColor: "#24292f",
    gridColor: "#e3e6ea",
    domainColor: "#8c959f",
    tickColor: "#8c959f",
  },
  legend: {
    labelFontSize: 12,
    title: null,
    orient: "top",
    labelLimit: 300,
    symbolSize: 120,
    symbolOpacity: 1,
  },
  range: { category: ["#1f6feb", "#d4730b", "#2da44e", "#8250df", "#57606a"] },
}

/** Draws a chart as SVG, without a browser. @throws Error when the chart is no valid Vega-Lite */
export async function svgOf(chart: TopLevelSpec): Promise<string> {
  const { spec } = compile(chart, { config: CONFIG })
  const view = new View(parse(spec), { renderer: "none" })
  try {
    return `${await view.toSVG()}\n`
  } finally {
    view.finalize()
  }
}
