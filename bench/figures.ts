import type { Latency } from "../server/load/latencies.ts"

/** What came of measuring one subject once. */
export interface Sample {
  /** In the unit of its figure. */
  readonly value: number
  readonly latencyUs?: Latency
  /** CPU time over wall time, 1 is one core. */
  readonly serverCpu?: number | undefined
  readonly loadCpu?: number
}

/** All samples of one subject, in the order of the rounds. */
export interface Series {
  readonly subject: string
  readonly samples: Sample[]
}

/** One thing that was measured, of Firn and of what it is compared with, in turns. */
export interface Figure {
  readonly suite: string
  /** What was measured; unique in its suite. */
  readonly name: string
  readonly unit: string
  readonly better: "higher" | "lower"
  /** What a chart puts on its axes, such as connections and depth. */
  readonly parameters: Readonly<Record<string, number>>
  /** Firn's first. */
  readonly series: readonly Series[]
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  /** Whether servers and load generators had a core each. */
  readonly pinned: boolean
  /** Of Bun, Node and the tools that were used. */
  readonly versions: Readonly<Record<string, string>>
}

/** Something that was left out, and why. */
export interface Skipped {
  readonly what: string
  readonly why: string
}

/** A file of `bench/results/`. */
export interface Results {
  readonly startedAt: string
  readonly seconds: number
  /** Measured with `--quick`: too short to be told from noise. */
  readonly quick: boolean
  /** The commit that was measured, with `+` behind it when files had been changed since. */
  readonly commit: string
  readonly machine: Machine
  readonly figures: readonly Figure[]
  readonly skipped: readonly Skipped[]
}

export const FIRN = "Firn"

export function seriesOf(figure: Figure, subject: string): Series | undefined {
  return figure.series.find((series) => series.subject === subject)
}

export function valuesOf({ samples }: Series): number[] {
  return samples.map(({ value }) => value)
}
