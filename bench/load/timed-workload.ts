import type { Latency } from "../../server/load/latencies.ts"
import type { Workload } from "../../server/load/workload.ts"

/** What one run of the load generator does. It travels to its process as JSON. */
export interface TimedWorkload extends Workload {
  /** Not measured. */
  readonly warmUpSeconds: number
  readonly seconds: number
  /** The process whose CPU time is measured along. */
  readonly serverPid?: number | undefined
}

export interface LoadReport {
  /** Requests answered a second. */
  readonly requestsPerSecond: number
  readonly latencyUs: Latency
  /** Answers that were refusals or errors. */
  readonly refused: number
  /** CPU time over wall time, 1 is one core; undefined where it cannot be read. */
  readonly serverCpu: number | undefined
  readonly loadCpu: number
  /** Resident memory of the server while all connections are open, in bytes. */
  readonly serverBytes: number | undefined
}
