import type { Latency } from "../load/latencies.ts"
import type { Workload } from "../load/workload.ts"
import { addressText } from "../net/address.ts"

/** What a load came to. */
export interface BenchResult {
  readonly seconds: number
  readonly requests: number
  readonly refused: number
  readonly refusal: string | undefined
  readonly latencyUs: Latency
  /** What part of a core this process has used. */
  readonly ownCpu: number
}

/** From here on a core has nothing left for more load. */
const BUSY_CPU = 0.95

const number = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 })

/** What is about to be done. */
export function headText(workload: Workload, seconds: number): string {
  const { servers, protocol, connections, depth, count, ratePerSecond } = workload
  const rate = ratePerSecond === undefined ? "" : `, ${number.format(ratePerSecond)} a second due`
  const load = `${counted(connections, "connection")}, ${counted(depth, "request")} in flight each`
  const where = servers.map(addressText).join(", ")
  return `${protocol} to ${where}: ${load}, ${counted(count, "id")} a request${rate}, ${seconds} s`
}

/** How one second went. */
export function progressText(second: number, perSecond: number, latency: Latency): string {
  const rate = number.format(perSecond).padStart(10)
  return `${String(second).padStart(4)} s ${rate} requests/s   ${latencyText(latency)}`
}

export function reportText({ count, depth, ratePerSecond }: Workload, result: BenchResult): string {
  const { requests, refused, refusal, seconds, latencyUs } = result
  const given = (requests - refused) / seconds
  const lines = [
    `requests  ${number.format(requests)} in ${seconds.toFixed(1)} s: ${number.format(requests / seconds)} a second`,
    `ids       ${number.format(given * count)} a second`,
    `latency   ${latencyText(latencyUs)}   max ${milliseconds(latencyUs.max)}`,
  ]
  if (refused > 0) lines.push(`refused   ${number.format(refused)}, such as: ${refusal}`)
  if (ratePerSecond === undefined && depth > 1) {
    lines.push("latencies are those of a queue that is always full; --rate shows them at a load")
  }
  // In an open loop it looks at the clock all the time.
  if (ratePerSecond === undefined && result.ownCpu > BUSY_CPU) {
    lines.push(
      "this command used a whole core: the servers may be able to give more than it can ask",
    )
  }
  return lines.join("\n")
}

/** One object in one line. */
export function reportJson(workload: Workload, result: BenchResult): string {
  const { servers, protocol, connections, depth, count, ratePerSecond } = workload
  const { requests, refused, refusal, seconds, latencyUs, ownCpu } = result
  return JSON.stringify({
    servers: servers.map(addressText),
    protocol,
    connections,
    depth,
    count,
    rate: ratePerSecond ?? null,
    seconds,
    requests,
    refused,
    refusal: refusal ?? null,
    requestsPerSecond: requests / seconds,
    idsPerSecond: ((requests - refused) * count) / seconds,
    latencyUs,
    ownCpu,
  })
}

function latencyText({ p50, p99, p999 }: Latency): string {
  return `p50 ${milliseconds(p50)}   p99 ${milliseconds(p99)}   p99.9 ${milliseconds(p999)}`
}

function milliseconds(us: number): string {
  return `${(us / 1_000).toFixed(us < 10_000 ? 2 : 1)} ms`
}

function counted(count: number, thing: string): string {
  return `${number.format(count)} ${thing}${count === 1 ? "" : "s"}`
}
