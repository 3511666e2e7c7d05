/*
 * Reads the coverage that `bun test --coverage-reporter=lcov` writes: one record a source file,
 *
 *   SF:<path>              which file
 *   DA:<line>,<hits>       one a line that has code
 *   end_of_record
 */

/** For every file the lines that have code, and how often each was run. */
export type Coverage = ReadonlyMap<string, ReadonlyMap<number, number>>

/** A file that is covered less than it has to be. */
export interface CoverageMiss {
  readonly file: string
  /** Of its lines, 0 to 100. */
  readonly percent: number
  /** For people: "5, 16-18". */
  readonly uncovered: string
}

/** @throws Error when a record is not ended or a line count cannot be read */
export function parseLcov(text: string): Coverage {
  const coverage = new Map<string, Map<number, number>>()
  let lines: Map<number, number> | undefined
  for (const row of text.split(/\r?\n/)) {
    if (row.startsWith("SF:")) {
      const file = row.slice("SF:".length)
      lines = coverage.get(file) ?? new Map<number, number>()
      coverage.set(file, lines)
    } else if (row.startsWith("DA:")) {
      const [, line, hits] = /^DA:(\d+),(\d+)/.exec(row) ?? []
      if (lines === undefined || line === undefined) throw new Error(`stray or bad row: ${row}`)
      lines.set(Number(line), (lines.get(Number(line)) ?? 0) + Number(hits))
    } else if (row === "end_of_record") lines = undefined
  }
  if (lines !== undefined) throw new Error("the coverage ends inside a record")
  return coverage
}

/**
 * Which of `files` miss the floor. One that no test loads is not in the coverage at all, and misses
 * it with 0 %.
 * @param floorPercent the least share of a file's lines that has to be run
 */
export function coverageMisses(
  coverage: Coverage,
  files: readonly string[],
  floorPercent: number,
): CoverageMiss[] {
  const misses: CoverageMiss[] = []
  for (const file of files) {
    const lines = coverage.get(file)
    if (lines === undefined) {
      misses.push({ file, percent: 0, uncovered: "all, no test loads it" })
      continue
    }
    const uncovered = [...lines].filter(([, hits]) => hits === 0).map(([line]) => line)
    const percent = lines.size === 0 ? 100 : (1 - uncovered.length / lines.size) * 100
    if (percent < floorPercent) misses.push({ file, percent, uncovered: lineRanges(uncovered) })
  }
  return misses
}

/** 5, 16, 17, 18 as "5, 16-18". */
export function lineRanges(lines: readonly number[]): string {
  const ranges: { from: number; to: number }[] = []
  for (const line of lines.toSorted((one, other) => one - other)) {
    const last = ranges.at(-1)
    if (last?.to === line - 1) last.to = line
    else ranges.push({ from: line, to: line })
  }
  return ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(", ")
}
