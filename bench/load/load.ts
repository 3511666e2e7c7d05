import { join } from "node:path"
import type { Bench } from "../bench.ts"
import type { Sample } from "../figures.ts"
import type { Core } from "../machine/cores.ts"
import type { Workload } from "../../server/load/workload.ts"
import type { LoadReport, TimedWorkload } from "./timed-workload.ts"

const MAIN = join(import.meta.dir, "main.ts")

/** What the load is put on. */
export interface Target {
  readonly port: number
  readonly protocol: Workload["protocol"]
  readonly tls?: boolean
  /** What it is asked for; ids of its own, if it is not said. */
  readonly mix?: Workload["mix"]
  readonly pid: number | undefined
}

/** One whose process the bench has started itself. */
export interface OwnTarget extends Target {
  readonly pid: number
}

/** One of those that get the same load. */
export interface Subject {
  readonly subject: string
  readonly target: OwnTarget
}

/**
 * For a load at a fixed rate: JavaScriptCore's optimizing compiler (FTL) now and then takes
 * milliseconds of the load generator's core, which would be charged to the server.
 */
const FIXED_RATE_ENV = { BUN_JSC_useFTLJIT: "0" }

export type Load = Partial<TimedWorkload> & Pick<TimedWorkload, "connections" | "depth">

/** Runs the load generator in a process of its own. @throws Error when the target refused anything */
export async function putLoad(
  bench: Bench,
  target: Target,
  load: Load,
  core: Core | undefined = "load",
): Promise<LoadReport> {
  const workload: TimedWorkload = {
    servers: [{ host: "127.0.0.1", port: target.port }],
    protocol: target.protocol,
    tls: target.tls === true ? { rejectUnauthorized: false } : undefined,
    serverPid: target.pid,
    count: 1,
    mix: target.mix ?? [{ op: "LOCAL", share: 1 }],
    warmUpSeconds: bench.warmUpSeconds,
    seconds: bench.seconds,
    burst: 1,
    ...load,
  }
  const env = workload.ratePerSecond === undefined ? {} : FIXED_RATE_ENV
  const output = await bench.run([process.execPath, MAIN, JSON.stringify(workload)], core, env)
  const report = JSON.parse(output) as LoadReport
  if (report.refused > 0) throw new Error(`${report.refused} requests were refused: ${output}`)
  return report
}

/** Requests, and so ids where each asks for one, a second. */
export function throughput(report: LoadReport): Sample {
  const { requestsPerSecond, latencyUs, serverCpu, loadCpu } = report
  return { value: requestsPerSecond, latencyUs, serverCpu, loadCpu }
}
