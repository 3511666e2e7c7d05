import { COUNT_MAX } from "../../protocol/index.ts"
import type { Bench, Contestant } from "../bench.ts"
import { medianOf } from "../bench.ts"
import { FIRN, seriesOf } from "../figures.ts"
import { putLoad, throughput } from "../load/load.ts"
import type { Load, OwnTarget, Subject } from "../load/load.ts"
import { POSTGRES, Postgres } from "../rivals/postgres.ts"
import { REDIS, startRedis } from "../rivals/redis.ts"
import { startFloor, startNode } from "../servers.ts"
import { halfLoadFigures } from "./half-load.ts"
import type { HalfLoad } from "./half-load.ts"

export const TCP_FLOOR = "Bun.listen"

const CONNECTIONS = [1, 20, 50, 500]
const DEPTHS = [1, 16, 128]
/** The number of connections that the targets are about, measured more often. */
export const MAIN_CONNECTIONS = 50
const MAIN_ROUNDS = 5

export const WAITING_NAME = "CPU while two connections wait for ids"

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
  await halfLoadFigures(bench, subjects, [halfLoad(bench, 1), halfLoad(bench, 16)])
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
  const rounds = isMain ? { rounds: MAIN_ROUNDS } : {}
  await bench.compete({ ...head, ...rounds }, contestants)
}

/** The name of the figure of a throughput. */
export function throughputName(connections: number, depth: number): string {
  return `${connections} connections, ${depth} deep`
}

/** Half of the throughput that Firn had at this depth. */
function halfLoad(bench: Bench, depth: number): HalfLoad {
  const name = throughputName(MAIN_CONNECTIONS, depth)
  const whole = bench.figures.find((figure) => figure.name === name)
  const ratePerSecond = Math.round(medianOf(whole && seriesOf(whole, FIRN)) / 2)
  return { connections: MAIN_CONNECTIONS, depth, ratePerSecond }
}

/**
 * Two connections ask for whole milliseconds: a thousand requests a second use up all there is, and
 * both wait nearly all of the time. What CPU the node takes then is what waiting costs.
 */
async function waitingCost(bench: Bench, node: OwnTarget): Promise<void> {
  const measure = async () => {
    const load = { connections: 2, depth: 4, count: COUNT_MAX }
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
