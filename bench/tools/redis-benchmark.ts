import type { Bench } from "../bench.ts"
import type { Sample } from "../figures.ts"

export interface RedisLoad {
  readonly port: number
  readonly connections: number
  readonly depth: number
  readonly command: readonly string[]
  /** How many requests a second there will be, so that a sample takes about as long as any other. */
  readonly expected: number
}

/** Requests a second as redis-benchmark counts them. */
export async function runRedisBenchmark(
  bench: Bench,
  path: string,
  { port, connections, depth, command, expected }: RedisLoad,
): Promise<Sample> {
  const requests = Math.ceil(expected * (bench.seconds + bench.warmUpSeconds))
  const size = ["-c", `${connections}`, "-P", `${depth}`, "-n", `${requests}`]
  const program = [path, "-h", "127.0.0.1", "-p", `${port}`, ...size, "--csv", ...command]
  return { value: redisBenchmarkRate(await bench.run(program, "load")) }
}

/** @throws Error when there is no rate */
export function redisBenchmarkRate(output: string): number {
  const rate = /^"[^"]*","([0-9.]+)"/m.exec(output.replace(/^"test",.*$/m, ""))?.[1]
  if (rate === undefined) throw new Error(`redis-benchmark told no rate: ${output}`)
  return Number(rate)
}
