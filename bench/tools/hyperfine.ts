import type { Bench } from "../bench.ts"
import type { Sample } from "../figures.ts"
import { TempDir } from "../../test/support/temp-dir.ts"

/** The part of hyperfine's report that is used; seconds. */
interface HyperfineReport {
  readonly results: readonly { readonly median: number }[]
}

export interface Timed {
  readonly command: readonly string[]
  /** Runs before each timed run. */
  readonly prepare?: readonly string[]
}

/** How long a command takes, in milliseconds: the median of a few runs. */
export async function runHyperfine(bench: Bench, path: string, timed: Timed): Promise<Sample> {
  using dir = new TempDir()
  const report = dir.at("report.json")
  const command = [path, "--shell=none", "--style=none", "--runs", bench.quick ? "2" : "6"]
  command.push("--warmup", "1", "--export-json", report)
  if (timed.prepare !== undefined) command.push("--prepare", shellText(timed.prepare))
  command.push(shellText(timed.command))
  await bench.run(command)
  const { results } = (await Bun.file(report).json()) as HyperfineReport
  return { value: results[0]!.median * 1_000 }
}

/** hyperfine takes a command as one text and cuts it up as a shell does. */
function shellText(command: readonly string[]): string {
  return command.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(" ")
}
