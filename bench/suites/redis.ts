import { RedisClient } from "bun"
import type { Bench } from "../bench.ts"
import { FIRN } from "../figures.ts"
import { REDIS_SERVER, startRedis } from "../rivals/redis.ts"
import { startNode } from "../servers.ts"
import { runRedisBenchmark } from "../tools/redis-benchmark.ts"

/** As redis-benchmark has it when nothing is said. */
const REDIS_CONNECTIONS = 50
export const REDIS_DEPTHS: readonly number[] = [1, 16, 128, 512]
const ROUNDS = 5
/** Requests a second, about, at each depth. */
const EXPECTED: Readonly<Record<number, number>> = {
  1: 100_000,
  16: 1_200_000,
  128: 2_500_000,
  512: 4_000_000,
}

/** What redis-benchmark is told to send: its own test of INCR, and a command for the rest. */
const COMMANDS = { INCR: ["-t", "incr"], GET: ["GET", "local"] } as const
type CommandName = keyof typeof COMMANDS
const COMMAND_NAMES = ["INCR", "GET"] as const

/** Redis's own benchmark against a node and against Redis. */
export async function redisSuite(bench: Bench): Promise<void> {
  const tool = bench.tool("redis-benchmark", "Redis's own benchmark")
  if (tool === undefined) return
  await using owner = new AsyncDisposableStack()
  const node = await startNode(bench, owner)
  const redis = await startRedis(bench, owner)
  if (redis === undefined) return
  await putValue(redis.port)
  const subjects = [
    { subject: FIRN, port: node.port },
    { subject: REDIS_SERVER, port: redis.port },
  ]
  for (const name of COMMAND_NAMES) {
    const command = COMMANDS[name]
    for (const depth of REDIS_DEPTHS) {
      const load = { connections: REDIS_CONNECTIONS, depth, command, expected: EXPECTED[depth]! }
      await bench.compete(
        {
          name: redisName(name, depth),
          unit: "ids/s",
          better: "higher",
          parameters: { connections: REDIS_CONNECTIONS, depth },
          rounds: ROUNDS,
        },
        subjects.map(({ subject, port }) => ({
          subject,
          measure: () => runRedisBenchmark(bench, tool.path, { port, ...load }),
        })),
      )
    }
  }
}

/** The name of a figure. */
export function redisName(command: CommandName, depth: number): string {
  return `redis-benchmark ${command}, ${depth} deep`
}

/** What Redis is to answer GET with: as many digits as an id has. */
async function putValue(port: number): Promise<void> {
  const client = new RedisClient(`redis://127.0.0.1:${port}`)
  await client.set("local", "120000000000000000")
  client.close()
}
