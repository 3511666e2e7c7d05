import type { Logger } from "pino"
import { version } from "../../package.json"
import { isLogForPeople } from "../log.ts"
import type { FirnNode } from "../node.ts"
import { addressText, isLocal } from "../net/address.ts"
import type { ListenAddress } from "../net/address.ts"
import type { TlsFiles } from "../net/tls-files.ts"
import type { PeerEntry } from "../peers/peer-set.ts"
import type { StoredNode } from "../storage/node-store.ts"
import { httpTryLine, tcpTryLines, tryTlsOf } from "../try-lines.ts"

/** What somebody wants to know who reads the log of yesterday. */
export function tellStart(
  { nodeId, epochMs }: StoredNode,
  dataDir: string,
  peers: readonly PeerEntry[],
  log: Logger,
): void {
  const fields = { version, dataDir, epoch: new Date(epochMs).toISOString(), peers: peers.length }
  const message = `firn ${version} runs as node ${nodeId} of ${Math.max(1, peers.length)}, data in ${dataDir}`
  log.info({ event: "started", ...fields }, message)
}

/** Where a node listens, and on a terminal what to try first. */
export function announce(
  node: FirnNode,
  shared: readonly (ListenAddress | undefined)[],
  tls: TlsFiles | undefined,
  log: Logger,
): void {
  const { tcpAddress, httpAddress } = node
  const tcp = addressText(tcpAddress)
  const http = httpAddress === undefined ? "off" : addressText(httpAddress)
  log.info({ event: "listening", tcp, http, tls: tls !== undefined }, "listening")
  if (tls === undefined) warnOfExposure([tcpAddress, httpAddress, ...shared], log)
  if (!isLogForPeople()) return
  const tryTls = tryTlsOf(tls)
  const lines = tcpTryLines(tcpAddress, tryTls)
  if (httpAddress !== undefined) lines.unshift(httpTryLine(httpAddress, "/lunique", tryTls))
  for (const line of lines) log.info({ event: "try" }, `try: ${line}`)
}

/** A list of a file that lacks this node is refused; on the command line it may be meant. */
export function warnOfAbsence(peers: readonly PeerEntry[], nodeId: number, log: Logger): void {
  if (peers.length === 0 || peers.some((peer) => peer.nodeId === nodeId)) return
  const message = `--peers does not list this node, which is ${nodeId}: give all nodes the same list`
  log.warn({ event: "not-listed" }, message)
}

function warnOfExposure(addresses: readonly (ListenAddress | undefined)[], log: Logger): void {
  const exposed = addresses.filter((address) => address !== undefined && !isLocal(address))
  if (exposed.length === 0) return
  const message =
    `whoever reaches ${exposed.map((address) => addressText(address!)).join(" or ")} can take ids ` +
    "and see the nodes, and the network can read along: --tls-cert and --tls-client-ca, or a firewall"
  log.warn({ event: "exposed" }, message)
}
