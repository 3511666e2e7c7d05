import type { Bench } from "../bench.ts"
import type { Sample } from "../figures.ts"
import { FIRN } from "../figures.ts"
import { putLoad } from "../load/load.ts"
import type { OwnTarget } from "../load/load.ts"
import { residentBytes } from "../machine/process-usage.ts"
import { REDIS, startRedis } from "../rivals/redis.ts"
import { startFloor, startNode } from "../servers.ts"
import { TCP_FLOOR } from "./tcp.ts"

const CONNECTIONS = [1_000, 10_000]
const MIB = 2 ** 20
const KIB = 2 ** 10

type Start = (owner: AsyncDisposableStack) => Promise<OwnTarget | undefined>

interface Resident {
  readonly idle: number
  readonly loaded: number
}

/** What a server keeps in memory: alone, and for each connection while all of them ask. */
export async function memorySuite(bench: Bench): Promise<void> {
  if (process.platform !== "linux") {
    bench.skip("memory", "it is read from /proc, which is Linux's")
    return
  }
  const starts: [string, Start][] = [
    [FIRN, (owner) => startNode(bench, owner)],
    [TCP_FLOOR, (owner) => startFloor(bench, owner, "tcp")],
  ]
  if (bench.tool("redis-server", REDIS) !== undefined) {
    starts.push([REDIS, (owner) => startRedis(bench, owner)])
  }
  for (const connections of CONNECTIONS) {
    if (!bench.canOpen(connections)) continue
    await atConnections(bench, starts, connections)
  }
}

async function atConnections(
  bench: Bench,
  starts: readonly [string, Start][],
  connections: number,
): Promise<void> {
  const perConnection = new Map<string, Sample[]>()
  const contestants = starts.map(([subject, start]) => ({
    subject,
    measure: async (): Promise<Sample> => {
      const { idle, loaded } = await measure(bench, start, connections)
      const samples = perConnection.get(subject) ?? []
      perConnection.set(subject, [...samples, { value: (loaded - idle) / connections / KIB }])
      return { value: loaded / MIB }
    },
  }))
  const parameters = { connections }
  const whole = { name: `resident with ${connections} connections`, unit: "MiB" }
  await bench.compete({ ...whole, better: "lower", parameters }, contestants)
  bench.add({
    name: `a connection, of ${connections}`,
    unit: "KiB",
    better: "lower",
    parameters,
    series: starts.map(([subject]) => ({ subject, samples: perConnection.get(subject) ?? [] })),
  })
}

/** Each time with a server of its own: a process does not always give back memory it has used. */
async function measure(bench: Bench, start: Start, connections: number): Promise<Resident> {
  await using owner = new AsyncDisposableStack()
  const target = (await start(owner))!
  const idle = residentBytes(target.pid)!
  const { serverBytes } = await putLoad(bench, target, { connections, depth: 1 })
  return { idle, loaded: serverBytes! }
}
