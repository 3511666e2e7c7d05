import { systemEnvironment } from "../../server/environment.ts"
import { cpuSeconds, residentBytes } from "../machine/process-usage.ts"
import { ClosedLoop } from "./closed-loop.ts"
import { counterOf, patternOf } from "./dialects.ts"
import { Latencies } from "./latencies.ts"
import { LoadConnection } from "./load-connection.ts"
import type { Loop } from "./loop.ts"
import { OpenLoop } from "./open-loop.ts"
import type { LoadReport, Workload } from "./workload.ts"

/** Connections that are being opened at one time: servers have room for 512 in their backlog. */
const OPENING_MAX = 128

/** How far from each other connections begin in the pattern; a prime. */
const PATTERN_STRIDE = 1_327

/** Opens the connections, puts the load on them, closes them. */
export async function runWorkload(workload: Workload): Promise<LoadReport> {
  const lost = Promise.withResolvers<never>()
  const connections = await openAll(workload, lost.reject)
  const latencies = new Latencies()
  const loop = loopOf(workload, connections, latencies)
  try {
    loop.start()
    await Promise.race([Bun.sleep(workload.warmUpSeconds * 1_000), lost.promise])
    loop.measure()
    const watch = new CpuWatch(workload.serverPid)
    await Promise.race([Bun.sleep(workload.seconds * 1_000), lost.promise])
    const shares = watch.shares()
    const { answered } = loop
    await Promise.race([loop.stop(), lost.promise])
    return {
      requestsPerSecond: answered / shares.seconds,
      latencyUs: latencies.summary(),
      refused: connections.reduce((sum, { counter }) => sum + counter.refused, 0),
      serverCpu: shares.server,
      loadCpu: shares.own,
      serverBytes: workload.serverPid === undefined ? undefined : residentBytes(workload.serverPid),
    }
  } finally {
    for (const connection of connections) connection.close()
  }
}

function loopOf(
  { depth, ratePerSecond, burst }: Workload,
  connections: readonly LoadConnection[],
  latencies: Latencies,
): Loop {
  return ratePerSecond === undefined
    ? new ClosedLoop(connections, depth, latencies, systemEnvironment)
    : new OpenLoop(connections, { depth, ratePerSecond, burst }, latencies, systemEnvironment)
}

async function openAll(
  workload: Workload,
  onLost: (error: Error) => void,
): Promise<LoadConnection[]> {
  const pattern = patternOf(workload)
  const { host, port, tls, connections } = workload
  const opened: LoadConnection[] = []
  while (opened.length < connections) {
    const count = Math.min(OPENING_MAX, connections - opened.length)
    const opening = Array.from({ length: count }, (_, i) => {
      const first = (opened.length + i) * PATTERN_STRIDE
      return LoadConnection.open({
        host,
        port,
        tls,
        pattern,
        counter: counterOf(workload),
        first,
        onLost,
      })
    })
    opened.push(...(await Promise.all(opening)))
  }
  return opened
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
