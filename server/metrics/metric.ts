import type { Histogram } from "./histogram.ts"

/** A value with the labels that tell it from others of its metric. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** What a metric has to show: one value, several, a histogram; undefined: nothing. */
type Reading = number | readonly Sample[] | Histogram | undefined

/** A metric as it is described, to Prometheus and in docs/operations.md. */
export interface MetricDescription {
  /** A counter ends in `_total`. */
  readonly name: string
  readonly type: "counter" | "gauge" | "histogram"
  /** One sentence, without its full stop. */
  readonly help: string
  readonly labels?: readonly string[]
  /** What to look at, or to do, when it is not as it should be; for people. */
  readonly advice: string
}

/** A metric, and how its reading is taken from whatever it is a metric of. */
export interface Metric<Source> extends MetricDescription {
  read(source: Source): Reading
}

/** A metric with its reading. */
export interface MetricFamily extends MetricDescription {
  readonly reading: Reading
}

/** Reads all metrics of a source. */
export function familiesOf<Source>(
  metrics: readonly Metric<Source>[],
  source: Source,
): MetricFamily[] {
  return metrics.map((metric) => ({ ...metric, reading: metric.read(source) }))
}
