import type { Command, Option } from "commander"
import { InputError, DEFAULT_EPOCH_MS, NODE_ID_MAX } from "../../protocol/index.ts"
import { LOG_LEVELS, loggerOn, openLogStream } from "../log.ts"
import { systemEnvironment } from "../environment.ts"
import { createStore } from "../storage/open-store.ts"
import { FreePorts } from "../supervisor/free-ports.ts"
import { LogRelay, nodeLogLevel } from "../supervisor/log-relay.ts"
import { planNodes, startArguments } from "../supervisor/node-plan.ts"
import type { NodePlan } from "../supervisor/node-plan.ts"
import { spawnStart } from "../supervisor/node-process.ts"
import { Supervisor } from "../supervisor/supervisor.ts"
import type { Outcome } from "../supervisor/supervisor.ts"
import type { Address } from "../net/address.ts"
import { DEFAULT_HTTP, DEFAULT_TCP, epochOption, option, wholeNumber } from "./options.ts"

const PORT_MAX = 65_535
const HOUR_MS = 3_600_000

interface ClusterOptions {
  readonly nodes: number
  readonly dataDir: string
  readonly tcpPort: number
  readonly httpPort: number
  readonly epoch?: number
  readonly maxClockLead?: number
  readonly logLevel: string
}

export function defineCluster(program: Command): void {
  program
    .command("cluster")
    .description("run nodes 0 to N-1 on this machine, and restart those that die")
    .addOption(
      option("--nodes <N>", "how many nodes")
        .argParser(wholeNumber(1, NODE_ID_MAX + 1))
        .makeOptionMandatory(),
    )
    .addOption(option("--data-dir <DIR>", "where the nodes' directories go").default("./data"))
    .addOption(portOption("--tcp-port <PORT>", "TCP", DEFAULT_TCP))
    .addOption(portOption("--http-port <PORT>", "HTTP", DEFAULT_HTTP))
    .addOption(epochOption())
    .addOption(
      option("--max-clock-lead <MS>", "how far ids may be ahead of the wall clock").argParser(
        wholeNumber(0, HOUR_MS),
      ),
    )
    .addOption(option("--log-level <LEVEL>", "what to log").choices(LOG_LEVELS).default("info"))
    .action(cluster)
}

function portOption(flags: string, what: string, { port }: Address): Option {
  const meaning = `the ${what} port of node 0; node 1 has the next one and so on; 0 takes free ones`
  return option(flags, meaning).argParser(wholeNumber(0, PORT_MAX)).default(port)
}

async function cluster(options: ClusterOptions): Promise<void> {
  checkPorts(options)
  using freePorts = new FreePorts(freePortCount(options), () => systemEnvironment.random())
  const plans = planNodes(
    options.dataDir,
    portsFrom(options.tcpPort, options.nodes, freePorts),
    portsFrom(options.httpPort, options.nodes, freePorts),
  )
  for (const { nodeId, dataDir } of plans) {
    createStore({ dataDir }, { nodeId, epochMs: options.epoch ?? DEFAULT_EPOCH_MS })
  }
  const { failure, inOrder } = await supervise(plans, options)
  if (failure?.isUsage) throw new InputError(failure.message)
  if (failure !== undefined) throw new Error(failure.message)
  process.exit(inOrder ? 0 : 1)
}

async function supervise(plans: readonly NodePlan[], options: ClusterOptions): Promise<Outcome> {
  const { logLevel } = options
  const stream = await openLogStream()
  const shared = sharedArguments(options)
  const supervisor = new Supervisor({
    plans,
    spawn: (plan, events) => spawnStart([...startArguments(plan, plans), ...shared], events),
    environment: systemEnvironment,
    relay: new LogRelay(stream, logLevel),
    log: loggerOn(stream, logLevel, "cluster"),
    nodeLog: (nodeId) => loggerOn(stream, logLevel, nodeId),
  })
  // Ctrl-C on a terminal reaches the nodes as well; they ignore the second signal.
  process.on("SIGINT", (signal) => supervisor.stop(signal))
  process.on("SIGTERM", (signal) => supervisor.stop(signal))
  supervisor.start()
  return await supervisor.ended
}

/** The arguments of `firn start` that are the same for every node. */
function sharedArguments({ epoch, maxClockLead, logLevel }: ClusterOptions): string[] {
  const args = ["--log-level", nodeLogLevel(logLevel)]
  if (epoch !== undefined) args.push("--epoch", `${epoch}`)
  if (maxClockLead !== undefined) args.push("--max-clock-lead", `${maxClockLead}`)
  return args
}

function checkPorts({ nodes, tcpPort, httpPort }: ClusterOptions): void {
  for (const [flag, port] of Object.entries({ "--tcp-port": tcpPort, "--http-port": httpPort })) {
    if (port + nodes - 1 <= PORT_MAX) continue
    throw new InputError(
      `${nodes} nodes from ${flag} ${port} on would need ports above ${PORT_MAX}`,
    )
  }
  if (tcpPort === 0 || httpPort === 0 || Math.abs(tcpPort - httpPort) >= nodes) return
  throw new InputError(
    `${nodes} nodes need --tcp-port ${tcpPort} and --http-port ${httpPort} ` +
      `at least ${nodes} ports apart`,
  )
}

function freePortCount({ nodes, tcpPort, httpPort }: ClusterOptions): number {
  return [tcpPort, httpPort].filter((port) => port === 0).length * nodes
}

/** @param first 0: free ones */
function portsFrom(first: number, count: number, freePorts: FreePorts): number[] {
  return Array.from({ length: count }, (_, i) => (first === 0 ? freePorts.take() : first + i))
}
