import { NODE_ID_MAX } from "../../protocol/index.ts"
import type { Command } from "commander"
import type { Logger } from "pino"
import { watchCertificate } from "../certificate-watch.ts"
import { defineCommand } from "../config/command-line.ts"
import type { Values } from "../config/settings.ts"
import { tlsFilesOf } from "../config/tls-options.ts"
import { ExitCode, ServerError } from "../errors.ts"
import { createLogger, isLogForPeople } from "../log.ts"
import { ProcessWatch } from "../process-metrics.ts"
import { FirnNode } from "../node.ts"
import { dialTcp } from "../net/dial.ts"
import { requireNode } from "../peers/peer-list.ts"
import type { PeerEntry } from "../peers/peer-set.ts"
import { systemEnvironment } from "../environment.ts"
import { openStore } from "../storage/open-store.ts"
import { stopWithNpm, stopWithSupervisor } from "../supervisor/child.ts"
import type { ListenAddress } from "../net/address.ts"
import { planDescriptors } from "../net/descriptor-plan.ts"
import type { DescriptorPlan } from "../net/descriptor-plan.ts"
import { isDescriptorLeft, openFiles } from "../net/open-files.ts"
import { tcpListen } from "../net/tcp-listener.ts"
import { openLibc } from "../net/libc.ts"
import type { Libc } from "../net/libc.ts"
import { TlsIdentity } from "../net/tls-identity.ts"
import { removeStaleSocket } from "../net/unix-socket.ts"
import { announce, tellStart, warnOfAbsence } from "./announce.ts"
import { checkNewEpoch } from "./check-epoch.ts"
import { dataDirOf, peersOfFile, requireDistinct, requireReachable } from "./node-input.ts"
import { HangUps } from "./hang-up.ts"
import type { Reloaded } from "./hang-up.ts"

/** Long enough for a balancer that asks once a second and believes the second answer. */
const DRAIN_DELAY_MS = 3_000
/** Signals that come sooner are one: Ctrl-C, and systemd's SIGTERM, reach a node and its supervisor, which tells it too. */
const SIGNAL_GAP_MS = 500

type Stop = (cause: string, exitCode?: number) => void

type StartOptions = Values<"start">

export function defineStart(program: Command): void {
  defineCommand(program, "start", "run one node").action(start)
}

async function start(options: StartOptions): Promise<void> {
  const { peersFile, nodeId } = options
  const wanted = { nodeId, epochMs: options.epoch }
  const dataDir = dataDirOf(options)
  // A list that is wrong must not leave a directory behind; which node this is may stand in there.
  const peers = options.peers ?? peersOfFile(peersFile, nodeId)
  const tlsFiles = tlsFilesOf(options)
  const tls = tlsFiles && new TlsIdentity(tlsFiles, systemEnvironment)
  const http = options.http === "off" ? undefined : options.http
  if (peers.length > 1 || peersFile !== undefined) requireReachable(options.tcp)
  requireDistinct({
    "--tcp": options.tcp,
    "--http": http,
    "--shared-tcp": options.sharedTcp,
    "--shared-http": options.sharedHttp,
  })
  checkNewEpoch(options.epoch, [dataDir])
  const store = await openStore({ dataDir }, wanted)
  if (nodeId === undefined && peersFile !== undefined) {
    requireNode(peers, store.node.nodeId, peersFile)
  }
  const log = await createLogger(options.logLevel, store.node.nodeId)
  const hangUps = new HangUps(log)
  const peerConnections = peerConnectionsOf(options, peers)
  const descriptors = shareOutDescriptors(options.maxConnections, peerConnections, log)
  await removeStaleSockets(options.tcp, http)
  const processWatch = new ProcessWatch()
  const node = await FirnNode.start({
    tcp: options.tcp,
    http,
    sharedTcp: options.sharedTcp,
    sharedHttp: options.sharedHttp,
    httpStatus: options.httpStatus,
    peers,
    linksPerPeer: options.linksPerPeer,
    forwardTimeoutMs: options.forwardTimeout,
    maxClockLeadMs: options.maxClockLead,
    waitTimeoutMs: options.waitTimeout,
    limits: {
      maxConnections: descriptors.maxConnections,
      maxPeerConnections: peerConnections,
      maxRefused: descriptors.maxRefused,
      readTimeoutMs: options.readTimeout,
      writeTimeoutMs: options.writeTimeout,
      idleTimeoutMs: options.idleTimeout,
    },
    drainDelayMs: options.drainDelay ?? defaultDrainDelayMs(peers),
    drainTimeoutMs: options.drainTimeout,
    maxClockLagMs: options.maxClockLag,
    store,
    environment: systemEnvironment,
    listen: tcpListen({
      descriptorCeiling: descriptors.ceiling,
      descriptorReserve: descriptors.maxRefused,
      keepAliveMs: options.tcpKeepalive,
      tls,
      handshakeTimeoutMs: options.handshakeTimeout,
      socketMode: Number.parseInt(options.socketMode, 8),
      libc: libcFor(log),
      environment: systemEnvironment,
      isDescriptorLeft,
    }),
    dial: dialTcp(() => tls?.peer),
    certificate: tls,
    processMetrics: () => processWatch.metrics(),
    log,
  })
  tellStart(store.node, dataDir, peers, log)
  warnOfAbsence(peers, store.node.nodeId, log)
  const stop = stopWhenTold(node, log)
  const reloaded: Reloaded[] = []
  if (peersFile !== undefined) reloaded.push(peersReload(node, store.node.nodeId, peersFile))
  if (tls !== undefined) reloaded.push(certificateReload(tls, log))
  hangUps.answer(reloaded, stop)
  announce(node, [options.sharedTcp, options.sharedHttp], tlsFiles, log)
  if (tls !== undefined) watchCertificate(tls, systemEnvironment, log)
}

/** @throws ListenError */
async function removeStaleSockets(tcp: ListenAddress, http?: ListenAddress): Promise<void> {
  if ("path" in tcp) await removeStaleSocket("TCP", tcp)
  if (http !== undefined && "path" in http) await removeStaleSocket("HTTP", http)
}

/** The most there may be to and from other nodes; a file may come to list all that are possible. */
function peerConnectionsOf(options: StartOptions, peers: readonly PeerEntry[]): number {
  const nodes = options.peersFile === undefined ? peers.length : NODE_ID_MAX
  return 2 * nodes * options.linksPerPeer
}

/** Whoever stops a node by hand, or has just one, waits for nobody to notice. */
function defaultDrainDelayMs(peers: readonly PeerEntry[]): number {
  return peers.length > 1 && !isLogForPeople() ? DRAIN_DELAY_MS : 0
}

/** @throws ServerError when the limit of open files is too low to serve anybody */
function shareOutDescriptors(
  maxConnections: number,
  peerConnections: number,
  log: Logger,
): DescriptorPlan {
  const files = openFiles()
  const plan = planDescriptors(files, { maxConnections, peerConnections })
  if (files === undefined) {
    const message = "the limit of open files is not known here: --max-connections may be above it"
    log.info({ event: "open-files-unknown" }, message)
  } else if (plan.maxConnections < maxConnections) {
    const message =
      `--max-connections is ${plan.maxConnections}, not ${maxConnections}: the limit of open ` +
      `files is ${files.limit} (ulimit -n)`
    log.warn({ event: "open-files-few", limit: files.limit, ...plan }, message)
  }
  return plan
}

function libcFor(log: Logger): Libc | undefined {
  const libc = openLibc()
  if (libc === undefined) {
    const message =
      "TCP_USER_TIMEOUT cannot be set here: a client that is lost with answers on their way to it " +
      "stays connected for as long as the system tries to send them"
    log.info({ event: "no-user-timeout" }, message)
  }
  return libc
}

function peersReload(node: FirnNode, nodeId: number, path: string): Reloaded {
  return {
    failedEvent: "peers-not-read",
    what: "list",
    reload: () => node.setPeers(peersOfFile(path, nodeId)),
  }
}

function certificateReload(tls: TlsIdentity, log: Logger): Reloaded {
  return {
    failedEvent: "certificate-not-read",
    what: "certificate",
    reload() {
      tls.reload()
      const ends = new Date(tls.endsAtMs).toISOString()
      log.info({ event: "certificate-read", ends }, `the new certificate is in use, until ${ends}`)
    },
  }
}

function stopWhenTold(node: FirnNode, log: Logger): Stop {
  let toldAtMs = -Infinity
  const end = async (exitCode: number): Promise<void> => {
    try {
      await node.stop()
    } catch (error) {
      log.error({ event: "stop-failed", err: error }, "the mark stored last stands")
      process.exit(error instanceof ServerError ? error.exitCode : ExitCode.FAILURE)
    }
    log.info({ event: "stopped" }, "stopped")
    process.exit(exitCode)
  }
  const stop: Stop = (cause, exitCode = 0) => {
    const nowMs = systemEnvironment.monotonicMs()
    const sinceMs = nowMs - toldAtMs
    if (sinceMs < SIGNAL_GAP_MS) return
    toldAtMs = nowMs
    if (sinceMs === Infinity) {
      log.info({ event: "stopping", cause }, "stopping")
      void end(exitCode)
      return
    }
    // An impatient Ctrl-C shortens the stop. It must not end the process before the mark is stored.
    log.info({ event: "stop-hurried", cause }, "stopping without waiting for clients to leave")
    void node.stop()
  }
  process.on("SIGINT", (signal) => stop(signal))
  process.on("SIGTERM", (signal) => stop(signal))
  void node.identityLost.then(() => stop("identity lost", ExitCode.IDENTITY_LOST))
  stopWithSupervisor(() => stop("supervisor ended"))
  stopWithNpm(() => stop("npm ended"))
  return stop
}
