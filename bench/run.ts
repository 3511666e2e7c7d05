/*
 * `npm run bench`: measures everything, or the suites that are named. README.md beside this file
 * says how, and what the figures are worth.
 */
import { join } from "node:path"
import { Command } from "commander"
import { drawCharts } from "./charts/draw.ts"
import { Bench } from "./bench.ts"
import type { Results } from "./figures.ts"
import { unpinnedReason } from "./machine/cores.ts"
import { commitText, describeMachine, machineSlug } from "./machine/describe.ts"
import { Progress } from "./progress.ts"
import { judge, verdictLine } from "./targets.ts"
import { SUITES } from "./suites/index.ts"

const ROOT = join(import.meta.dir, "..")
const RESULTS = join(import.meta.dir, "results")
const EXIT_INTERRUPTED = 130

interface Options {
  readonly quick: boolean
  readonly out?: string
}

/** Aborted by Ctrl-C: what runs then is ended, and so is all that the bench has started. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => controller.abort(new Error(`interrupted by ${name}`)))
  }
  return controller.signal
}

async function measure(
  names: readonly string[],
  quick: boolean,
  signal: AbortSignal,
): Promise<Results> {
  const startedAt = new Date()
  const commit = commitText(ROOT)
  const progress = new Progress(names.length)
  using bench = new Bench({ quick, progress, signal })
  const reason = unpinnedReason()
  if (reason !== undefined) bench.skip("a core each for server and load generator", reason)
  for (const name of names) {
    bench.beginSuite(name)
    await SUITES[name]!(bench)
  }
  return {
    startedAt: startedAt.toISOString(),
    seconds: Math.round((Date.now() - startedAt.getTime()) / 1_000),
    quick,
    commit,
    machine: describeMachine(bench.versions),
    figures: bench.figures,
    skipped: bench.skipped,
  }
}

function fileName(results: Results, names: readonly string[]): string {
  const parts = [results.startedAt.slice(0, 10), machineSlug(results.machine)]
  if (names.length < Object.keys(SUITES).length) parts.push(...names)
  if (results.quick) parts.push("quick")
  return `${parts.join("-")}.json`
}

const all = Object.keys(SUITES)
const program = new Command("bench")
  .description("Measures Firn against floors and rivals.")
  .argument("[suites...]", `which of ${all.join(", ")}; none: all`)
  .option("--quick", "a fraction of the time: to see that it runs, not to believe it", false)
  .option("--out <FILE>", "where the results go (default: bench/results/<date>-<machine>.json)")
  .parse()
const names = program.args.length > 0 ? program.args : all
const unknown = names.filter((name) => !Object.hasOwn(SUITES, name))
if (unknown.length > 0)
  program.error(`no such suite: ${unknown.join(", ")}; there are ${all.join(", ")}`)

const { quick, out } = program.opts<Options>()
const signal = interruption()
try {
  const results = await measure(names, quick, signal)
  const path = out ?? join(RESULTS, fileName(results, names))
  await Bun.write(path, `${JSON.stringify(results, undefined, 1)}\n`)
  for (const verdict of judge(results)) console.log(verdictLine(verdict))
  console.log(path)
  const isWhole = names.length === all.length && !quick && out === undefined
  if (isWhole) for (const picture of await drawCharts(results, RESULTS)) console.log(picture)
} catch (error) {
  console.error(signal.aborted ? (signal.reason as Error).message : error)
  process.exit(signal.aborted ? EXIT_INTERRUPTED : 1)
}
