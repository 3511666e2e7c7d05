import type { Bench } from "../bench.ts"
import type { Sample } from "../figures.ts"
import { httpSeconds } from "./wrk.ts"
import type { HttpLoad } from "./wrk.ts"

/** The part of oha's report that is used. */
interface OhaReport {
  readonly summary: { readonly requestsPerSec: number }
  readonly statusCodeDistribution: Readonly<Record<string, number>>
}

/** Requests a second as oha counts them. @throws Error when an answer was not 200 */
export async function runOha(bench: Bench, path: string, load: HttpLoad): Promise<Sample> {
  const { url, connections, core } = load
  const time = `${httpSeconds(bench)}s`
  const command = [path, "--no-tui", "--output-format", "json", "-z", time, "-c", `${connections}`]
  return { value: ohaRate(await bench.run([...command, url], core)) }
}

/** @throws Error when there were other answers than 200 */
export function ohaRate(output: string): number {
  const { summary, statusCodeDistribution } = JSON.parse(output) as OhaReport
  const statuses = Object.keys(statusCodeDistribution)
  if (statuses.join() !== "200") throw new Error(`oha: statuses ${statuses.join(", ") || "none"}`)
  return summary.requestsPerSec
}
