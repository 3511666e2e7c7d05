import type { Command } from "commander"
import type { Target } from "../../protocol/index.ts"
import { defineCommand } from "../config/command-line.ts"
import type { Values } from "../config/settings.ts"
import { commandTlsOf } from "../config/tls-options.ts"
import { systemEnvironment } from "../environment.ts"
import { ServerError } from "../errors.ts"
import { Load } from "../load/load.ts"
import type { MixPart, Workload } from "../load/workload.ts"
import { addressText, parseListenAddress } from "../net/address.ts"
import type { ListenAddress } from "../net/address.ts"
import { openFiles } from "../net/open-files.ts"
import { askStatus, seenFrom } from "./ask-node.ts"
import type { Asking } from "./ask-node.ts"
import { BenchMeter } from "./bench-meter.ts"
import { headText, reportJson, reportText } from "./bench-report.ts"

/** Not measured: until then code is compiled, and buffers grow. */
const WARM_UP_MS = 500

/** Files of this process besides the connections. */
const OTHER_FILES = 32

export function defineBench(program: Command): void {
  const description = "put load on running nodes, and show how many ids they give and how fast"
  defineCommand(program, "bench", description).action(bench)
}

async function bench(options: Values<"bench">): Promise<void> {
  const { server, protocol, connections, depth, count, seconds, rate, json, timeout } = options
  const asking = { tls: commandTlsOf(options), timeoutMs: timeout }
  checkFiles(connections)
  const servers = await Promise.all(server.map((address) => addressOf(address, protocol, asking)))
  const workload: Workload = {
    servers,
    protocol,
    connections,
    depth,
    count,
    tls: asking.tls,
    mix: [partOf(options.target)],
    ratePerSecond: rate,
    burst: 1,
  }
  using load = await opened(workload, timeout)
  process.stderr.write(`${headText(workload, seconds)}\n`)
  load.start()
  await Promise.race([Bun.sleep(WARM_UP_MS), load.lost])
  const result = await new BenchMeter(load, process.stderr).run(seconds)
  if (result.requests === 0 || result.refused >= result.requests) throw nothingGiven(load, servers)
  console.log(json ? reportJson(workload, result) : reportText(workload, result))
  // Thousands of connections would take their time to be closed one by one.
  process.exit(0)
}

/** @throws ServerError when so many connections cannot be had */
function checkFiles(connections: number): void {
  const { limit = Infinity } = openFiles() ?? {}
  if (connections + OTHER_FILES <= limit) return
  throw new ServerError(
    `${connections} connections need as many open files, and a process may have ${limit} here: ` +
      "raise it with ulimit -n, or ask for fewer with --connections",
  )
}

/**
 * Where a node speaks the protocol: the address itself where it is of that port, or the one that the
 * node tells.
 * @throws ServerError when there is no node, or it does not speak it
 */
async function addressOf(
  server: ListenAddress,
  protocol: Values<"bench">["protocol"],
  asking: Asking,
): Promise<ListenAddress> {
  const { status, port } = await askStatus(server, asking)
  if ((port === "http") === (protocol === "http")) return server
  const told = port === "http" ? status.tcp : status.http
  if (told === null) throw new ServerError(`node ${status.node} does not listen for HTTP`)
  return seenFrom(server, parseListenAddress(told))
}

function partOf(target: Target | undefined): MixPart {
  if (target === undefined) return { op: "LOCAL", share: 1 }
  if ("random" in target) return { op: "RANDOM", share: 1 }
  if ("node" in target) return { op: "NODE", node: target.node, share: 1 }
  return { op: "KEY", key: target.key, share: 1 }
}

/** @throws ServerError when a connection cannot be opened, or not in time */
async function opened(workload: Workload, timeoutMs: number): Promise<Load> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`not within ${timeoutMs} ms`)), timeoutMs)
  try {
    return await Promise.race([Load.open(workload, systemEnvironment), late])
  } catch (error) {
    const where = workload.servers.map(addressText).join(", ")
    const what = `cannot open ${workload.connections} connections to ${where}`
    throw new ServerError(`${what}: ${(error as Error).message}`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

function nothingGiven(load: Load, servers: readonly ListenAddress[]): ServerError {
  const where = servers.map(addressText).join(", ")
  if (load.refused === 0) return new ServerError(`${where} answered nothing`)
  return new ServerError(`${where} refused every request: ${load.refusal}`)
}
