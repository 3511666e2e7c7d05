import type { Bench, Contestant } from "../bench.ts"
import { FIRN } from "../figures.ts"
import { putLoad, throughput } from "../load/load.ts"
import type { OwnTarget, Subject } from "../load/load.ts"
import { RealTime, noRealTimeReason } from "../machine/real-time.ts"

const FIRN_USUAL = "Firn, usual priority"

/** These samples are this many times longer: one request in a thousand decides p99.9. */
const LONGER = 3

export interface HalfLoad {
  readonly connections: number
  /** Requests that are due at the same time on a connection. */
  readonly depth: number
  readonly ratePerSecond: number
}

/** The name of the figure of latencies at half of what Firn can do. */
export function halfLoadName(connections: number, depth: number): string {
  return `p99.9 at half load, ${connections} connections, ${depth} at a time`
}

/**
 * Latencies at a rate that is the same for all. The servers have real-time priority, so that the
 * tail is theirs and not that of other programs. Firn without it shows what those programs add.
 */
export async function halfLoadFigures(
  bench: Bench,
  subjects: readonly Subject[],
  loads: readonly HalfLoad[],
): Promise<void> {
  const reason = noRealTimeReason()
  if (reason !== undefined) bench.skip("real-time priority, for the tails", reason)
  for (const load of loads) {
    const contestants: Contestant[] = subjects.map(({ subject, target }) => {
      return { subject, measure: () => tailOf(bench, target, load, reason === undefined) }
    })
    if (reason === undefined) {
      const { target } = subjects.find(({ subject }) => subject === FIRN)!
      contestants.push({ subject: FIRN_USUAL, measure: () => tailOf(bench, target, load, false) })
    }
    const name = halfLoadName(load.connections, load.depth)
    await bench.compete({ name, unit: "ms", better: "lower", parameters: { ...load } }, contestants)
  }
}

async function tailOf(bench: Bench, target: OwnTarget, load: HalfLoad, isRealTime: boolean) {
  using _ = isRealTime ? new RealTime(target.pid) : undefined
  const times = { warmUpSeconds: bench.warmUpSeconds * LONGER, seconds: bench.seconds * LONGER }
  const sample = throughput(await putLoad(bench, target, { ...load, ...times, burst: load.depth }))
  return { ...sample, value: sample.latencyUs!.p999 / 1_000 }
}
