import { Histogram } from "./histogram.ts"
import type { MetricFamily, Sample } from "./metric.ts"

/** The formats that Prometheus asks for. */
export const Exposition = {
  /** https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4 */
  PROMETHEUS: "prometheus",
  /** https://prometheus.io/docs/specs/om/open_metrics_spec/, version 1.0.0 */
  OPEN_METRICS: "openmetrics",
} as const
export type Exposition = (typeof Exposition)[keyof typeof Exposition]

const TOTAL = "_total"

/** Metrics as a text; those without a value are left out. */
export function expositionOf(families: readonly MetricFamily[], exposition: Exposition): string {
  const isOpen = exposition === Exposition.OPEN_METRICS
  const text = families.map((family) => familyText(family, isOpen)).join("")
  return isOpen ? `${text}# EOF\n` : text
}

function familyText(family: MetricFamily, isOpen: boolean): string {
  const { name, type, help, reading } = family
  const lines = samplesText(name, reading)
  if (lines === "") return ""
  // In OpenMetrics the ending is not part of the name of the family.
  const familyName = isOpen && type === "counter" ? name.slice(0, -TOTAL.length) : name
  return `# HELP ${familyName} ${escapeHelp(help, isOpen)}.\n# TYPE ${familyName} ${type}\n${lines}`
}

function samplesText(name: string, reading: MetricFamily["reading"]): string {
  if (reading === undefined) return ""
  if (typeof reading === "number") return `${name} ${valueText(reading)}\n`
  if (reading instanceof Histogram) return histogramText(name, reading)
  return reading.map((sample) => sampleText(name, sample)).join("")
}

function sampleText(name: string, { labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
  return `${name}{${pairs.join(",")}} ${valueText(value)}\n`
}

function histogramText(name: string, { bounds, counts, sum }: Histogram): string {
  let total = 0
  let text = ""
  for (const [i, count] of counts.entries()) {
    total += count
    const bound = i < bounds.length ? boundText(bounds[i]!) : "+Inf"
    text += `${name}_bucket{le="${bound}"} ${total}\n`
  }
  return `${text}${name}_sum ${valueText(sum)}\n${name}_count ${total}\n`
}

/** OpenMetrics wants a point in it, and in both formats a bound has to be the same. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound)
}

function valueText(value: number): string {
  if (Number.isFinite(value)) return String(value)
  if (Number.isNaN(value)) return "NaN"
  return value > 0 ? "+Inf" : "-Inf"
}

function escapeHelp(help: string, isOpen: boolean): string {
  const escaped = help.replaceAll("\\", "\\\\").replaceAll("\n", String.raw`\n`)
  return isOpen ? escaped.replaceAll('"', String.raw`\"`) : escaped
}

function escapeLabel(text: string): string {
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', String.raw`\"`)
    .replaceAll("\n", String.raw`\n`)
}
