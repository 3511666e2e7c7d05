import { InputError } from "../../protocol/index.ts"
import type { Command } from "commander"
import type { Logger } from "pino"
import { defineCommand } from "../config/command-line.ts"
import type { Values } from "../config/settings.ts"
import { createLogger } from "../log.ts"
import { FirnNode } from "../node.ts"
import { dialTcp } from "../net/dial.ts"
import { readPeersFile } from "../peers/peer-list.ts"
import type { PeerEntry } from "../peers/peer-set.ts"
import { systemEnvironment } from "../environment.ts"
import { openStore } from "../storage/open-store.ts"
import { stopWithSupervisor } from "../supervisor/child.ts"
import { addressText } from "../net/address.ts"
import { listenTcp } from "../net/listen.ts"
import { tcpTryLines } from "../try-lines.ts"

type StartOptions = Values<"start">

export function defineStart(program: Command): void {
  defineCommand(program, "start", "run one node").action(start)
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
    waitTimeoutMs: options.waitTimeout,
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
