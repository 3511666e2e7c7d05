import { join } from "node:path"
import type { Bench, Contestant } from "../bench.ts"
import { medianOf } from "../bench.ts"
import { FIRN, seriesOf } from "../figures.ts"
import type { Sample } from "../figures.ts"
import { putLoad, throughput } from "../load/load.ts"
import type { Load, Target } from "../load/load.ts"
import type { Latency } from "../load/workload.ts"
import { POSTGRES, Postgres } from "../rivals/postgres.ts"
import { REDIS, startRedis } from "../rivals/redis.ts"
import { startFloor, startNode } from "../servers.ts"

export const TCP_FLOOR = "Bun.listen"
const MACHINE = "the machine alone"
const PAUSES = join(import.meta.dir, "../programs/pauses.ts")

const CONNECTIONS = [1, 20, 50, 500]
const DEPTHS = [1, 16, 128]
/** The number of connections that the targets are about, measured more often. */
export const MAIN_CONNECTIONS = 50
const MAIN_ROUNDS = 5

export const WAITING_NAME = "CPU while two connections wait for ids"

/** All ids that a node has in a millisecond. */
const BLOCK = 4_096

interface Subject {
  readonly subject: string
  readonly target: Target
}

/** Throughput over connections and depth, latencies at half load, and what waiting costs. */
export async function tcpSuite(bench: Bench): Promise<void> {
  await using owner = new AsyncDisposableStack()
  const node = await startNode(bench, owner)
  const floor = await startFloor(bench, owner, "tcp")
  const redis = await startRedis(bench, owner)
  const subjects: Subject[] = [
    { subject: FIRN, target: node },
    { subject: TCP_FLOOR, target: floor },
  ]
  if (redis !== undefined) subjects.push({ subject: REDIS, target: redis })
  const postgres = await Postgres.start(bench, owner)

  for (const depth of DEPTHS) {
    for (const connections of CONNECTIONS) {
      await throughputFigure(bench, subjects, connections, depth, postgres)
    }
  }
  for (const depth of [1, 16]) await halfLoad(bench, subjects, depth)
  await waitingCost(bench, node)
}

async function throughputFigure(
  bench: Bench,
  subjects: readonly Subject[],
  connections: number,
  depth: number,
  postgres: Postgres | undefined,
): Promise<void> {
  const isMain = connections === MAIN_CONNECTIONS
  const contestants = subjects.map((subject) => loaded(bench, subject, { connections, depth }))
  if (isMain && depth === 1 && postgres !== undefined) {
    contestants.push({ subject: POSTGRES, measure: () => postgres.nextval(connections) })
  }
  const head = {
    name: throughputName(connections, depth),
    unit: "ids/s",
    better: "higher",
    parameters: { connections, depth },
  } as const
  const rounds = isMain && !bench.quick ? { rounds: MAIN_ROUNDS } : {}
  await bench.compete({ ...head, ...rounds }, contestants)
}

/** How the figure of a throughput is called. */
export function throughputName(connections: number, depth: number): string {
  return `${connections} connections, ${depth} deep`
}

/** How the figure of the latencies at half of what Firn can do is called. */
export function halfLoadName(depth: number): string {
  return `p99.9 at half load, ${MAIN_CONNECTIONS} connections, up to ${depth} deep`
}

/** All get the same rate, half of what Firn made with that depth. */
async function halfLoad(bench: Bench, subjects: readonly Subject[], depth: number): Promise<void> {
  const whole = bench.figures.find(({ name }) => name === throughputName(MAIN_CONNECTIONS, depth))
  const ratePerSecond = Math.round(medianOf(whole && seriesOf(whole, FIRN)) / 2)
  const load = { connections: MAIN_CONNECTIONS, depth, ratePerSecond, seconds: bench.seconds * 2 }
  const contestants: Contestant[] = subjects.map(({ subject, target }) => ({
    subject,
    measure: async () => {
      const sample = throughput(await putLoad(bench, target, load))
      return { ...sample, value: sample.latencyUs!.p999 / 1_000 }
    },
  }))
  contestants.push({ subject: MACHINE, measure: () => machinePauses(bench, load.seconds) })
  await bench.compete(
    {
      name: halfLoadName(depth),
      unit: "ms",
      better: "lower",
      parameters: { connections: MAIN_CONNECTIONS, depth, ratePerSecond },
    },
    contestants,
  )
}

/** The latencies that no server could have avoided, since the machine gave it no time. */
async function machinePauses(bench: Bench, seconds: number): Promise<Sample> {
  const output = await bench.run([process.execPath, PAUSES, `${seconds}`], "load")
  const latencyUs = JSON.parse(output) as Latency
  return { value: latencyUs.p999 / 1_000, latencyUs }
}

/**
 * Two connections ask for whole milliseconds: a thousand requests a second use up all there is, and
 * both wait nearly all of the time. What CPU the node takes then is what waiting costs.
 */
async function waitingCost(bench: Bench, node: Target): Promise<void> {
  const measure = async () => {
    const load = { connections: 2, depth: 4, count: BLOCK }
    const report = await putLoad(bench, node, load)
    if (report.serverCpu === undefined) return { value: NaN }
    return { ...throughput(report), value: report.serverCpu * 100 }
  }
  await bench.compete(
    {
      name: WAITING_NAME,
      unit: "% of a core",
      better: "lower",
      parameters: {},
    },
    [{ subject: FIRN, measure }],
  )
}

function loaded(bench: Bench, { subject, target }: Subject, load: Load): Contestant {
  return { subject, measure: async () => throughput(await putLoad(bench, target, load)) }
}
