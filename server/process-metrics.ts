import { existsSync, readFileSync } from "node:fs"
import { Histogram } from "./metrics/histogram.ts"
import { familiesOf } from "./metrics/metric.ts"
import type { Metric, MetricFamily } from "./metrics/metric.ts"
import { openFiles } from "./net/open-files.ts"
import type { OpenFiles } from "./net/open-files.ts"

/** How often the event loop is looked at. */
const LOOK_EVERY_MS = 100
/** Seconds: a timer is a millisecond late by itself. */
const LAG_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

const STATUS = "/proc/self/status"

/** What is read of the process for its metrics; of what the system does not tell there is nothing. */
interface ProcessReading {
  readonly lag: Histogram
  readonly cpuSeconds: number
  readonly residentBytes: number
  readonly virtualBytes: number | undefined
  readonly startSeconds: number
  readonly files: OpenFiles | undefined
}

/** Named as in Prometheus's client libraries, but for the first. */
export const PROCESS_METRICS: readonly Metric<ProcessReading>[] = [
  {
    name: "firn_event_loop_lag_seconds",
    type: "histogram",
    help: "How late a timer of 100 ms was",
    advice: "above 0.05: the machine is short of CPU",
    read: ({ lag }) => lag,
  },
  {
    name: "process_cpu_seconds_total",
    type: "counter",
    help: "CPU time of the process, of all its threads",
    advice: "1 a second is one core: the most that a node uses for ids",
    read: ({ cpuSeconds }) => cpuSeconds,
  },
  {
    name: "process_resident_memory_bytes",
    type: "gauge",
    help: "Resident memory of the process",
    advice: "some 75 MB, and 2 KB more for a connection",
    read: ({ residentBytes }) => residentBytes,
  },
  {
    name: "process_virtual_memory_bytes",
    type: "gauge",
    help: "Virtual memory of the process",
    advice: "tens of GB are normal: they are reserved, not used",
    read: ({ virtualBytes }) => virtualBytes,
  },
  {
    name: "process_start_time_seconds",
    type: "gauge",
    help: "When the process started, as Unix time",
    advice: "a change is a restart",
    read: ({ startSeconds }) => startSeconds,
  },
  {
    name: "process_open_fds",
    type: "gauge",
    help: "Open files of the process",
    advice: "compare it with `process_max_fds`",
    read: ({ files }) => files?.open,
  },
  {
    name: "process_max_fds",
    type: "gauge",
    help: "Open files that the process may have",
    advice: "`ulimit -n`, `LimitNOFILE=`",
    read: ({ files }) => files?.limit,
  },
]

/** Watches the process it runs in. */
export class ProcessWatch {
  readonly #lag = new Histogram(LAG_BOUNDS)
  readonly #startSeconds = Date.now() / 1_000 - process.uptime()

  constructor() {
    let dueMs = performance.now() + LOOK_EVERY_MS
    const look = (): void => {
      const nowMs = performance.now()
      this.#lag.observe(Math.max(0, nowMs - dueMs) / 1_000)
      dueMs = nowMs + LOOK_EVERY_MS
      setTimeout(look, LOOK_EVERY_MS).unref()
    }
    setTimeout(look, LOOK_EVERY_MS).unref()
  }

  metrics(): MetricFamily[] {
    const { user, system } = process.cpuUsage()
    return familiesOf(PROCESS_METRICS, {
      lag: this.#lag,
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      virtualBytes: reservedBytes(),
      startSeconds: this.#startSeconds,
      files: openFiles(),
    })
  }
}

/** Only Linux tells. */
function reservedBytes(): number | undefined {
  if (!existsSync(STATUS)) return undefined
  const [, kilobytes] = /^VmSize:\s+([0-9]+) kB$/m.exec(readFileSync(STATUS, "utf8")) ?? []
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024
}
