import type { Bench } from "../bench.ts"
import type { Sample } from "../figures.ts"
import type { Core } from "../machine/cores.ts"

export interface HttpLoad {
  readonly url: string
  readonly threads: number
  readonly connections: number
  /** A Lua script and its arguments, for wrk. */
  readonly script?: readonly string[]
  readonly core?: Core | undefined
}

/** Requests a second as wrk counts them. @throws Error when an answer was not 2xx */
export async function runWrk(bench: Bench, path: string, load: HttpLoad): Promise<Sample> {
  const { url, threads, connections, script = [], core } = load
  const [file, ...scriptArguments] = script
  const command = [path, `-t${threads}`, `-c${connections}`, `-d${httpSeconds(bench)}s`]
  if (file === undefined) command.push(url)
  else command.push("-s", file, url, "--", ...scriptArguments)
  return { value: wrkRate(await bench.run(command, core)) }
}

/** @throws Error when there were errors, or no rate */
export function wrkRate(output: string): number {
  const trouble = /^\s*(?:Socket errors|Non-2xx or 3xx responses): .*$/m.exec(output)
  if (trouble !== null) throw new Error(`wrk: ${trouble[0].trim()}`)
  const rate = /^Requests\/sec:\s+([0-9.]+)/m.exec(output)?.[1]
  if (rate === undefined) throw new Error(`wrk told no rate: ${output}`)
  return Number(rate)
}

/** These tools take whole seconds. */
export function httpSeconds(bench: Bench): number {
  return bench.quick ? 1 : 2
}
