import { join } from "node:path"
import { TempDir } from "../../test/support/temp-dir.ts"
import type { Bench, Contestant } from "../bench.ts"
import { FIRN } from "../figures.ts"
import type { SdkRun } from "../programs/sdk-client.ts"
import { startRedis } from "../rivals/redis.ts"
import { startNode } from "../servers.ts"

const IOREDIS = "ioredis INCR"
/** With its fastest option: all commands of a turn leave in one write, as in Firn's client. */
export const IOREDIS_PIPELINED = "ioredis INCR, auto-pipelining"

const PROGRAM = join(import.meta.dir, "../programs/sdk-client.ts")
const IN_FLIGHT = [1, 1_024]

/** The client against ioredis, the same program under Node and under Bun. */
export async function sdkSuite(bench: Bench): Promise<void> {
  await using owner = new AsyncDisposableStack()
  const program = await bundle(owner)
  const node = await startNode(bench, owner)
  const redis = await startRedis(bench, owner)
  const runtimes = [["Bun", process.execPath]]
  const nodeJs = bench.tool("node", "the client under Node")
  if (nodeJs !== undefined) runtimes.push(["Node", nodeJs.path])

  for (const [runtime, path] of runtimes as [string, string][]) {
    for (const inFlight of IN_FLIGHT) {
      const by = (subject: string, client: SdkRun["client"], port: number): Contestant => {
        const times = { warmUpSeconds: bench.seconds, seconds: bench.seconds }
        const run: SdkRun = { client, port, inFlight, ...times }
        const command = [path, program, JSON.stringify(run)]
        return {
          subject,
          measure: async () => ({ value: Number(await bench.run(command, "load")) }),
        }
      }
      const contestants = [by(FIRN, "firn", node.port)]
      if (redis !== undefined) {
        contestants.push(by(IOREDIS, "ioredis", redis.port))
        contestants.push(by(IOREDIS_PIPELINED, "ioredis-pipelined", redis.port))
      }
      const head = { unit: "ids/s", better: "higher", parameters: { inFlight } } as const
      await bench.compete({ name: sdkName(runtime, inFlight), ...head }, contestants)
    }
  }
}

/** The name of the figure of a client. */
export function sdkName(runtime: string, inFlight: number): string {
  return `client on ${runtime}, ${inFlight} in flight`
}

/** Bundles the program, since the published client is a bundle too. @returns its path */
async function bundle(owner: AsyncDisposableStack): Promise<string> {
  const dir = owner.use(new TempDir())
  const built = await Bun.build({
    entrypoints: [PROGRAM],
    outdir: dir.path,
    target: "node",
    format: "esm",
    naming: "[name].mjs",
  })
  return built.outputs[0]!.path
}
