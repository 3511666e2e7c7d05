import { systemEnvironment } from "../../server/environment.ts"
import { Load } from "../../server/load/load.ts"
import { cpuSeconds, residentBytes } from "../machine/process-usage.ts"
import type { LoadReport, TimedWorkload } from "./timed-workload.ts"

/** Opens the connections, puts the load on them, closes them. */
export async function runWorkload(workload: TimedWorkload): Promise<LoadReport> {
  using load = await Load.open(workload, systemEnvironment)
  load.start()
  await Promise.race([Bun.sleep(workload.warmUpSeconds * 1_000), load.lost])
  load.measure()
  const watch = new CpuWatch(workload.serverPid)
  await Promise.race([Bun.sleep(workload.seconds * 1_000), load.lost])
  const shares = watch.shares()
  const { answered } = load
  await load.stop()
  return {
    requestsPerSecond: answered / shares.seconds,
    latencyUs: load.latencies.summary(),
    refused: load.refused,
    serverCpu: shares.server,
    loadCpu: shares.own,
    serverBytes: workload.serverPid === undefined ? undefined : residentBytes(workload.serverPid),
  }
}

/** The share of a core that a server and this process have used since this was made. */
class CpuWatch {
  readonly #serverPid: number | undefined
  readonly #startMs = performance.now()
  readonly #serverSeconds: number | undefined
  readonly #own = process.cpuUsage()

  constructor(serverPid: number | undefined) {
    this.#serverPid = serverPid
    this.#serverSeconds = cpuSeconds(serverPid)
  }

  shares(): { seconds: number; server: number | undefined; own: number } {
    const seconds = (performance.now() - this.#startMs) / 1_000
    const own = process.cpuUsage(this.#own)
    const now = cpuSeconds(this.#serverPid)
    return {
      seconds,
      server:
        now === undefined || this.#serverSeconds === undefined
          ? undefined
          : (now - this.#serverSeconds) / seconds,
      own: (own.user + own.system) / 1e6 / seconds,
    }
  }
}
