import type { Command } from "commander"
import type { Logger } from "pino"
import { LOG_LEVELS, createLogger } from "../log.ts"
import { FirnNode } from "../node.ts"
import { systemRuntime } from "../runtime.ts"
import { SqliteStore } from "../storage/sqlite-store.ts"
import { addressText } from "../transport/address.ts"
import type { Address } from "../transport/address.ts"
import {
  DEFAULT_HTTP,
  DEFAULT_TCP,
  UsageError,
  address,
  epochOption,
  nodeIdOption,
  option,
  wholeNumber,
} from "./options.ts"

const MAX_CLOCK_LEAD_MS = 10_000
const HOUR_MS = 3_600_000

interface StartOptions {
  readonly nodeId?: number
  readonly dataDir?: string
  readonly tcp: Address
  readonly http: Address | "off"
  readonly epoch?: number
  readonly maxClockLead: number
  readonly logLevel: string
}

export function defineStart(program: Command): void {
  program
    .command("start")
    .description("run one node")
    .addOption(nodeIdOption())
    .addOption(
      option(
        "--data-dir <DIR>",
        "where the node id and the mark are kept (default: ./data/node-<node id>)",
      ),
    )
    .addOption(
      option(
        "--tcp <HOST:PORT>",
        "where to listen for frames and text lines; port 0 takes a free one",
      )
        .argParser(address)
        .default(DEFAULT_TCP, addressText(DEFAULT_TCP)),
    )
    .addOption(
      option("--http <HOST:PORT|off>", "where to listen for HTTP")
        .argParser((text) => (text === "off" ? "off" : address(text)))
        .default(DEFAULT_HTTP, addressText(DEFAULT_HTTP)),
    )
    .addOption(epochOption())
    .addOption(
      option("--max-clock-lead <MS>", "how far ids may be ahead of the wall clock")
        .argParser(wholeNumber(0, HOUR_MS))
        .default(MAX_CLOCK_LEAD_MS),
    )
    .addOption(option("--log-level <LEVEL>", "what to log").choices(LOG_LEVELS).default("info"))
    .action(start)
}

async function start(options: StartOptions): Promise<void> {
  const store = await SqliteStore.open(dataDirOf(options), {
    nodeId: options.nodeId,
    epochMs: options.epoch,
  })
  const log = await createLogger(options.logLevel, store.node.nodeId)
  let node: FirnNode
  try {
    node = await FirnNode.start({
      tcp: options.tcp,
      http: options.http === "off" ? undefined : options.http,
      maxClockLeadMs: options.maxClockLead,
      store,
      runtime: systemRuntime,
      log,
    })
  } catch (error) {
    // No id was given out: the next start may begin where this one would have.
    await store.close(store.node.mark)
    throw error
  }
  stopOnSignal(node, log)
  announce(node, log)
}

function dataDirOf({ dataDir, nodeId }: StartOptions): string {
  if (dataDir !== undefined) return dataDir
  if (nodeId !== undefined) return `./data/node-${nodeId}`
  throw new UsageError(
    "no node id: give --node-id N, 0 to 1023 and a different one for every node, " +
      "or --data-dir DIR of a node that was seeded or started before",
  )
}

function stopOnSignal(node: FirnNode, log: Logger): void {
  let stopping = false
  const stop = async (signal: string): Promise<void> => {
    // A second signal, of an impatient Ctrl-C, must not end the process before the mark is stored.
    if (stopping) return
    stopping = true
    log.info({ event: "stopping", signal }, "stopping")
    try {
      await node.stop()
    } catch (error) {
      log.error({ event: "stop-failed", err: error }, "the mark stored last stands")
      process.exit(1)
    }
    log.info({ event: "stopped" }, "stopped")
    process.exit(0)
  }
  process.on("SIGINT", (signal) => void stop(signal))
  process.on("SIGTERM", (signal) => void stop(signal))
}

function announce(node: FirnNode, log: Logger): void {
  const tcp = node.tcpAddress
  const http = node.httpAddress
  const httpText = http && addressText(http)
  log.info({ event: "listening", tcp: addressText(tcp), http: httpText ?? "off" }, "listening")
  const lines = [
    httpText && `curl http://${httpText}/lunique`,
    `printf 'lunique\\nquit\\n' | nc ${tcp.host} ${tcp.port}`,
    `telnet ${tcp.host} ${tcp.port}   (then type: lunique, help or quit)`,
  ]
  for (const line of lines) if (line !== undefined) log.info({ event: "try" }, `try: ${line}`)
}
