/*
 * `npm run simulate`: runs seeds one after the other and stops at the first that breaks a promise.
 *
 *   npm run simulate -- --seeds 1000           from seed 1 on, or from --from
 *   npm run simulate -- --seed 42 --trace      one seed, and everything that happens in it
 */
import { Command, InvalidArgumentError, Option } from "commander"
import { NODE_ID_MAX } from "../../protocol/index.ts"
import { Progress } from "./progress.ts"
import { simulate } from "./simulation.ts"
import type { SimulationResult } from "./simulation.ts"
import { failureText } from "./failure-text.ts"

interface Options {
  readonly seeds: number
  readonly from: number
  readonly seed?: number
  readonly nodes?: number
  readonly trace?: boolean
}

function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^[0-9]+$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`it is not a whole number from ${min} to ${max}`)
  }
}

const SEED_MAX = 2 ** 32 - 1
const program = new Command("simulate")
  .addOption(
    new Option("--seeds <N>", "how many seeds to run")
      .argParser(whole(1, SEED_MAX))
      .default(1_000)
      .conflicts("seed"),
  )
  .addOption(new Option("--from <N>", "the first seed").argParser(whole(0, SEED_MAX)).default(1))
  .addOption(new Option("--seed <N>", "this seed alone").argParser(whole(0, SEED_MAX)))
  .addOption(
    new Option(
      "--nodes <N>",
      "the size of the cluster, which is else the seed's business",
    ).argParser(whole(1, NODE_ID_MAX + 1)),
  )
  .option("--trace", "write down everything that happens")
  .parse()

function runOne(seed: number, { nodes, trace }: Options): SimulationResult {
  return simulate({ seed, nodes, trace: trace ? (line) => console.log(line) : undefined })
}

function summary(results: readonly SimulationResult[], elapsedMs: number): string {
  const sum = (field: "events" | "answers" | "ids" | "seconds"): number =>
    results.reduce((total, result) => total + result[field], 0)
  const seconds = elapsedMs / 1_000
  const rate = Math.round(sum("events") / seconds)
  return (
    `${results.length} seeds, ${sum("events").toLocaleString("en")} events in ` +
    `${seconds.toFixed(1)} s (${rate.toLocaleString("en")} a second), ` +
    `${Math.round(sum("seconds")).toLocaleString("en")} s of virtual time, ` +
    `${sum("answers").toLocaleString("en")} answers, ${sum("ids").toLocaleString("en")} ids`
  )
}

function main(options: Options): boolean {
  const first = options.seed ?? options.from
  const count = options.seed === undefined ? options.seeds : 1
  const startedMs = performance.now()
  const progress = new Progress(count)
  const results: SimulationResult[] = []
  let failed: SimulationResult | undefined
  for (let i = 0; i < count && failed === undefined; i++) {
    const result = runOne((first + i) % (SEED_MAX + 1), options)
    results.push(result)
    progress.add(result.events)
    if (result.failure !== undefined) failed = result
  }
  progress.end()
  console.log(summary(results, performance.now() - startedMs))
  if (options.seed !== undefined) console.log(`trace hash ${results[0]!.hash}`)
  if (failed !== undefined) console.log(failureText(failed, options.nodes))
  return failed === undefined
}

process.exitCode = main(program.opts<Options>()) ? 0 : 1
