import type { Command } from "commander"
import { InputError, DEFAULT_EPOCH_MS } from "../../protocol/index.ts"
import { defineCommand } from "../config/command-line.ts"
import type { Values } from "../config/settings.ts"
import { tlsFilesOf } from "../config/tls-options.ts"
import { passedOn } from "../config/start-arguments.ts"
import { isLogForPeople, loggerOn, openLogStream } from "../log.ts"
import { systemEnvironment } from "../environment.ts"
import { createStore } from "../storage/open-store.ts"
import { stopWithNpm } from "../supervisor/child.ts"
import { FreePorts } from "../supervisor/free-ports.ts"
import { LogRelay, nodeLogLevel } from "../supervisor/log-relay.ts"
import { planNodes, startValues } from "../supervisor/node-plan.ts"
import type { NodePlan, PortPlan } from "../supervisor/node-plan.ts"
import { spawnStart } from "../supervisor/node-process.ts"
import { Supervisor } from "../supervisor/supervisor.ts"
import type { Outcome } from "../supervisor/supervisor.ts"
import { PORT_MAX } from "../net/address.ts"
import { tryTlsOf } from "../try-lines.ts"
import type { TryTls } from "../try-lines.ts"
import { checkNewEpoch } from "./check-epoch.ts"
import { HangUps } from "./hang-up.ts"
import type { Reloaded } from "./hang-up.ts"

type ClusterOptions = Values<"cluster">

export function defineCluster(program: Command): void {
  const description = "run nodes 0 to N-1 on this machine, and restart those that die"
  defineCommand(program, "cluster", description).action(cluster)
}

async function cluster(options: ClusterOptions): Promise<void> {
  checkPorts(options)
  using freePorts = new FreePorts(freePortCount(options), () => systemEnvironment.random())
  const plans = planNodes(options.dataDir, portsOf(options, freePorts))
  const { peers } = startValues(plans[0]!, plans)
  const tryTls = tryTlsOf(tlsFilesOf({ ...options, peers, peersFile: undefined }))
  const dataDirs = plans.map(({ dataDir }) => dataDir)
  checkNewEpoch(options.epoch, dataDirs)
  for (const { nodeId, dataDir } of plans) {
    createStore({ dataDir }, { nodeId, epochMs: options.epoch ?? DEFAULT_EPOCH_MS })
  }
  const { failure, inOrder } = await supervise(plans, options, tryTls)
  if (failure?.isUsage) throw new InputError(failure.message)
  if (failure !== undefined) throw new Error(failure.message)
  process.exit(inOrder ? 0 : 1)
}

async function supervise(
  plans: readonly NodePlan[],
  options: ClusterOptions,
  tryTls: TryTls | undefined,
): Promise<Outcome> {
  const { logLevel } = options
  const stream = await openLogStream()
  const shared = {
    ...passedOn(options),
    // The nodes write to a pipe, so they cannot see the terminal.
    ...(options.drainDelay === undefined && isLogForPeople() ? { drainDelay: 0 } : {}),
    logLevel: nodeLogLevel(logLevel),
  }
  const log = loggerOn(stream, logLevel, "cluster")
  const supervisor = new Supervisor({
    plans,
    spawn: (plan, events) => spawnStart({ ...shared, ...startValues(plan, plans) }, events),
    environment: systemEnvironment,
    drainTimeoutMs: options.drainTimeout,
    advises: isLogForPeople(),
    tryTls,
    relay: new LogRelay(stream, logLevel),
    log,
    nodeLog: (nodeId) => loggerOn(stream, logLevel, nodeId),
  })
  // Ctrl-C on a terminal reaches the nodes as well; they take two signals at once as one.
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, (signal) => supervisor.stop(signal))
  }
  const certificates: Reloaded = {
    failedEvent: "certificates-not-read",
    what: "certificate",
    reload: () => supervisor.reload(),
  }
  const reloaded = tryTls === undefined ? [] : [certificates]
  new HangUps(log).answer(reloaded, (signal) => supervisor.stop(signal))
  stopWithNpm(() => supervisor.stop("npm ended"))
  supervisor.start()
  return await supervisor.ended
}

function checkPorts(options: ClusterOptions): void {
  const { nodes, tcpPort, httpPort } = options
  const count = portCount(options)
  for (const [flag, port] of Object.entries({ "--tcp-port": tcpPort, "--http-port": httpPort })) {
    if (port + count - 1 <= PORT_MAX) continue
    throw new InputError(
      `${nodes} nodes from ${flag} ${port} on would need ports above ${PORT_MAX}`,
    )
  }
  if (tcpPort === 0 || httpPort === 0 || Math.abs(tcpPort - httpPort) >= count) return
  throw new InputError(
    `${nodes} nodes need --tcp-port ${tcpPort} and --http-port ${httpPort} ` +
      `at least ${count} ports apart`,
  )
}

/** For TCP, and as many for HTTP: one a node, and one for all when they share it. */
function portCount({ nodes, sharePort }: ClusterOptions): number {
  return nodes + (sharePort ? 1 : 0)
}

function freePortCount(options: ClusterOptions): number {
  const { tcpPort, httpPort } = options
  return [tcpPort, httpPort].filter((port) => port === 0).length * portCount(options)
}

function portsOf(options: ClusterOptions, freePorts: FreePorts): PortPlan {
  const count = portCount(options)
  const tcp = portsFrom(options.tcpPort, count, freePorts)
  const http = portsFrom(options.httpPort, count, freePorts)
  if (!options.sharePort) return { tcp, http }
  return { tcp: tcp.slice(1), http: http.slice(1), shared: { tcp: tcp[0]!, http: http[0]! } }
}

/** @param first 0: free ones */
function portsFrom(first: number, count: number, freePorts: FreePorts): number[] {
  return Array.from({ length: count }, (_, i) => (first === 0 ? freePorts.take() : first + i))
}
