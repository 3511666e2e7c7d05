import type { Figure, Results } from "../../bench/figures.ts"

/** A figure with these samples of each subject. */
export function figureOf(
  name: string,
  samples: Readonly<Record<string, readonly number[]>>,
  about: Partial<Figure> = {},
): Figure {
  const series = Object.entries(samples).map(([subject, values]) => {
    return { subject, samples: values.map((value) => ({ value })) }
  })
  const usual = { suite: "tcp", unit: "ids/s", better: "higher", parameters: {} } as const
  return { ...usual, name, series, ...about }
}

export function resultsOf(...figures: Figure[]): Results {
  const machine = { cpu: "any", cores: 2, memoryGiB: 1, system: "any", pinned: true, versions: {} }
  const run = { startedAt: "2026-01-01T00:00:00.000Z", seconds: 1, quick: false, commit: "" }
  return { ...run, machine, figures, skipped: [] }
}
