import { InputError } from "../../protocol/index.ts"
import type { Command } from "commander"
import type { Logger } from "pino"
import { LOG_LEVELS, createLogger } from "../log.ts"
import { FirnNode } from "../node.ts"
import { dialTcp } from "../net/dial.ts"
import { parsePeers, readPeersFile } from "../peers/peer-list.ts"
import type { PeerEntry } from "../peers/peer-set.ts"
import { systemEnvironment } from "../environment.ts"
import { openStore } from "../storage/open-store.ts"
import { stopWithSupervisor } from "../supervisor/child.ts"
import { addressText } from "../net/address.ts"
import type { Address } from "../net/address.ts"
import { listenTcp } from "../net/listen.ts"
import { tcpTryLines } from "../try-lines.ts"
import {
  DEFAULT_HTTP,
  DEFAULT_TCP,
  address,
  argument,
  epochOption,
  nodeIdOption,
  option,
  wholeNumber,
} from "./options.ts"

const MAX_CLOCK_LEAD_MS = 10_000
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const LINKS_PER_PEER_MAX = 64

interface StartOptions {
  readonly nodeId?: number
  readonly dataDir?: string
  readonly tcp: Address
  readonly http: Address | "off"
  readonly peers?: readonly PeerEntry[]
  readonly peersFile?: string
  readonly linksPerPeer: number
  readonly forwardTimeout: number
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
    .addOption(
      option("--peers <LIST>", "all nodes of the cluster: 0@HOST:PORT,1@HOST:PORT,…").argParser(
        argument(parsePeers),
      ),
    )
    .addOption(
      option("--peers-file <FILE>", "the same, one a line; read again on SIGHUP").conflicts(
        "peers",
      ),
    )
    .addOption(
      option("--links-per-peer <N>", "connections to each other node")
        .argParser(wholeNumber(1, LINKS_PER_PEER_MAX))
        .default(1),
    )
    .addOption(
      option("--forward-timeout <MS>", "how long a request may take that other nodes are asked for")
        .argParser(wholeNumber(20, MINUTE_MS))
        .default(1_000),
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
  const peers = options.peers ?? peersOfFile(options.peersFile) ?? []
  const wanted = { nodeId: options.nodeId, epochMs: options.epoch }
  const store = await openStore({ dataDir: dataDirOf(options) }, wanted)
  const log = await createLogger(options.logLevel, store.node.nodeId)
  const node = await FirnNode.start({
    tcp: options.tcp,
    http: options.http === "off" ? undefined : options.http,
    peers,
    linksPerPeer: options.linksPerPeer,
    forwardTimeoutMs: options.forwardTimeout,
    maxClockLeadMs: options.maxClockLead,
    store,
    environment: systemEnvironment,
    listen: listenTcp,
    dial: dialTcp,
    log,
  })
  stopOnSignal(node, log)
  readPeersOnSignal(node, options.peersFile, log)
  announce(node, log)
}

function dataDirOf({ dataDir, nodeId }: StartOptions): string {
  if (dataDir !== undefined) return dataDir
  if (nodeId !== undefined) return `./data/node-${nodeId}`
  throw new InputError(
    "no node id: give --node-id N, 0 to 1023 and a different one for every node, " +
      "or --data-dir DIR of a node that was seeded or started before",
  )
}

function peersOfFile(path: string | undefined): PeerEntry[] | undefined {
  return path === undefined ? undefined : readPeersFile(path)
}

/** SIGHUP: the list that is in the file now, or the old one when that cannot be used. */
function readPeersOnSignal(node: FirnNode, path: string | undefined, log: Logger): void {
  process.on("SIGHUP", () => {
    try {
      const peers = peersOfFile(path)
      if (peers !== undefined) node.setPeers(peers)
      else log.warn({ event: "peers-not-read" }, "SIGHUP: there is no --peers-file to read")
    } catch (error) {
      const { message } = error as Error
      log.error({ event: "peers-not-read", reason: message }, `the old list stays: ${message}`)
    }
  })
}

function stopOnSignal(node: FirnNode, log: Logger): void {
  let stopping = false
  const stop = async (cause: string): Promise<void> => {
    // A second signal, of an impatient Ctrl-C, must not end the process before the mark is stored.
    if (stopping) return
    stopping = true
    log.info({ event: "stopping", cause }, "stopping")
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
  stopWithSupervisor(() => void stop("supervisor ended"))
}

function announce(node: FirnNode, log: Logger): void {
  const tcp = node.tcpAddress
  const http = node.httpAddress
  const httpText = http && addressText(http)
  log.info({ event: "listening", tcp: addressText(tcp), http: httpText ?? "off" }, "listening")
  const lines = tcpTryLines(tcp)
  if (httpText !== undefined) lines.unshift(`curl http://${httpText}/lunique`)
  for (const line of lines) log.info({ event: "try" }, `try: ${line}`)
}
