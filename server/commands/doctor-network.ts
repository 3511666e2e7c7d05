import { existsSync } from "node:fs"
import { dirname } from "node:path"
import type { Values } from "../config/settings.ts"
import { addressText } from "../net/address.ts"
import type { ListenAddress } from "../net/address.ts"
import type { PeerEntry } from "../peers/peer-set.ts"
import { tlsFilesOf } from "../config/tls-options.ts"
import { readTlsFiles } from "../net/tls-files.ts"
import { storedIdentity } from "../storage/open-store.ts"
import { ASKED_MAX, askStatus } from "./ask-node.ts"
import type { Asking } from "./ask-node.ts"
import type { NodeAnswer } from "./doctor-clock.ts"
import { Findings } from "./doctor-finding.ts"
import type { Finding } from "./doctor-finding.ts"
import { inParallel } from "./in-parallel.ts"
import { dataDirOf, peersOfFile, requireDistinct, requireReachable } from "./node-input.ts"

/**
 * Whether the ports are free, or the node itself has them.
 * @throws InputError when two options name one address
 */
export async function checkPorts(options: Values<"doctor">): Promise<Finding[]> {
  const findings = new Findings("ports")
  const { tcp } = options
  const http = options.http === "off" ? undefined : options.http
  requireDistinct({
    "--tcp": tcp,
    "--http": http,
    "--shared-tcp": options.sharedTcp,
    "--shared-http": options.sharedHttp,
  })
  for (const address of http === undefined ? [tcp] : [tcp, http]) {
    await checkPort(address, options, findings)
  }
  return findings.list
}

async function checkPort(
  address: ListenAddress,
  options: Values<"doctor">,
  findings: Findings,
): Promise<void> {
  const where = addressText(address)
  const fault = listenFault(address)
  if (fault === undefined) {
    findings.ok(`${where} is free`)
    return
  }
  if (fault !== "EADDRINUSE") {
    findings.bad(`${where} cannot be listened on: ${fault}`)
    return
  }
  const nodeId = idOf(options)
  try {
    const { status } = await askStatus(address, askingOf(options))
    if (status.node === nodeId) findings.ok(`${where} is this node's own: it runs`)
    else findings.bad(`${where} is in use by node ${status.node}: give this node another`)
  } catch (error) {
    const isLeft = "path" in address && (error as Error).message.endsWith(": nothing listens there")
    if (isLeft)
      findings.ok(`${where} was left by a process that has ended: a start takes its place`)
    else findings.bad(`${where} is in use by another program: end it, or give the node another`)
  }
}

/** @returns the error code, or undefined when it is free */
function listenFault(address: ListenAddress): string | undefined {
  // To listen at a path would make a file, or take the place of one.
  if ("path" in address) return pathFault(address.path)
  try {
    const { host: hostname, port } = address
    Bun.listen({ hostname, port, socket: { data() {} } }).stop(true)
    return undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code ?? message
  }
}

function pathFault(path: string): string | undefined {
  if (existsSync(path)) return "EADDRINUSE"
  return existsSync(dirname(path)) ? undefined : "there is no such directory"
}

/** What was found, and who answered. */
interface AskedPeers {
  readonly findings: Finding[]
  readonly answers: NodeAnswer[]
}

/**
 * Whether the list has this node, and each other one is there, as who it is listed.
 * @throws InputError when the list cannot be read
 */
export async function checkPeers(options: Values<"doctor">): Promise<AskedPeers> {
  const findings = new Findings("peers")
  if (options.peers === undefined && options.peersFile === undefined) {
    return { findings: [], answers: [] }
  }
  const nodeId = idOf(options)
  const entries = options.peers ?? peersOfFile(options.peersFile, nodeId)
  if (entries.length > 1) requireReachable(options.tcp)
  const own = entries.find((entry) => entry.nodeId === nodeId)
  if (nodeId !== undefined && own === undefined) {
    findings.bad(`the list has no node ${nodeId}: give all nodes the same list, each in it`)
  }
  const others = entries.filter((entry) => entry.nodeId !== nodeId)
  const epochMs = epochOf(options)
  const asking = askingOf(options)
  const asked = await inParallel(others, ASKED_MAX, (entry) => askPeer(entry, asking))
  const answers: NodeAnswer[] = []
  for (const [i, outcome] of asked.entries()) {
    const { nodeId: listed, address } = others[i]!
    const what = `node ${listed} at ${addressText(address)}`
    if (typeof outcome === "string") {
      findings.warn(`${what} does not answer: ${outcome}`)
      continue
    }
    const { status } = outcome
    if (status.node !== listed) {
      findings.bad(`${what} is node ${status.node}: correct the list, or that node's --node-id`)
    } else if (epochMs !== undefined && status.epochMs !== epochMs) {
      findings.bad(`${what} has the epoch ${status.epoch}: all nodes of a cluster need the same`)
    } else answers.push({ nodeId: listed, asked: outcome })
  }
  if (answers.length === others.length) findings.ok(`all ${others.length} others answer as listed`)
  return { findings: findings.list, answers }
}

/** @returns what it says, or why it does not answer */
async function askPeer({ address }: PeerEntry, asking: Asking) {
  try {
    return await askStatus(address, asking)
  } catch (error) {
    return (error as Error).message.replace(/^cannot reach \S+: /, "")
  }
}

/** As a node asks others: by its own certificate. */
function askingOf(options: Values<"doctor">): Asking {
  const files = tlsFilesOf(options)
  if (files === undefined) return { tls: undefined, timeoutMs: options.timeout }
  const { cert, key, peerCa } = readTlsFiles(files)
  const tls = { cert, key, ...(peerCa === undefined ? {} : { ca: peerCa }) }
  return { tls, timeoutMs: options.timeout }
}

function idOf(options: Values<"doctor">): number | undefined {
  return options.nodeId ?? storedOf(options)?.nodeId
}

function epochOf(options: Values<"doctor">): number | undefined {
  return options.epoch ?? storedOf(options)?.epochMs
}

function storedOf(options: Values<"doctor">) {
  return storedIdentity({ dataDir: dataDirOf(options) }, {})
}
