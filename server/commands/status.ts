import type { Command } from "commander"
import { defineCommand } from "../config/command-line.ts"
import type { Values } from "../config/settings.ts"
import { commandTlsOf } from "../config/tls-options.ts"
import type { CommandTls } from "../config/tls-options.ts"
import { ServerError } from "../errors.ts"
import { addressText } from "../net/address.ts"
import type { ListenAddress } from "../net/address.ts"
import { parseNodeStatus } from "../node-status.ts"
import type { NodeStatus, PeerStatus } from "../node-status.ts"
import { textTable } from "../text-table.ts"

const TIMEOUT_MS = 5_000

export function defineStatus(program: Command): void {
  const description = "show a node and what it sees of the others"
  defineCommand(program, "status", description).action(async (options: Values<"status">) => {
    const node = await ask(options.server, commandTlsOf(options))
    console.log(options.json ? JSON.stringify(node) : statusText(node))
  })
}

/** @throws ServerError that names the address when there is no Firn node */
async function ask(server: ListenAddress, tls: CommandTls | undefined): Promise<NodeStatus> {
  const where = addressText(server)
  const body = await bodyOf(server, tls)
  try {
    return parseNodeStatus(JSON.parse(body))
  } catch (error) {
    const why = error instanceof SyntaxError ? "it is not JSON" : (error as Error).message
    const what = `${where} answered, but not as a Firn node does: ${why}`
    throw new ServerError(what, { cause: error })
  }
}

/** @throws ServerError */
async function bodyOf(server: ListenAddress, tls: CommandTls | undefined): Promise<string> {
  const where = addressText(server)
  const host = "path" in server ? "localhost" : where
  const url = `${tls === undefined ? "http" : "https"}://${host}/nodes`
  // Bun would ask the proxy of HTTP_PROXY, even for the loopback address.
  process.env["NO_PROXY"] = "*"
  let response: Response
  let body: string
  try {
    response = await fetch(url, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...("path" in server ? { unix: server.path } : {}),
      ...(tls === undefined ? {} : { tls }),
    })
    body = await response.text()
  } catch (error) {
    throw new ServerError(`cannot reach ${where}: ${reasonOf(error, tls)}`, { cause: error })
  }
  if (response.ok) return body
  throw new ServerError(`${where} answered ${response.status}: is it a Firn node?`)
}

/** What the clocks differ by is known to half of the round trip, and a clock tells whole milliseconds. */
function skewText({ skewMs, roundTripMs }: PeerStatus): string {
  if (skewMs === null || roundTripMs === null) return "-"
  return `${skewMs.toFixed(1)} ±${(roundTripMs / 2 + 1).toFixed(1)} ms`
}

/** Bun's own messages speak of its options, and of a computer that is able to access a URL. */
const REASONS = new Map([
  ["ECONNREFUSED", "nothing listens there"],
  ["ConnectionRefused", "nothing listens there"],
  ["FailedToOpenSocket", "nothing can be reached there"],
  ["ENOENT", "there is no such socket"],
  ["ENOTFOUND", "the name is not known"],
])

function reasonOf(error: unknown, tls: CommandTls | undefined): string {
  const { code, name, message } = error as NodeJS.ErrnoException
  if (name === "TimeoutError") return `no answer within ${TIMEOUT_MS / 1_000} s`
  if (code !== "ECONNRESET") return REASONS.get(code ?? "") ?? message
  return tls === undefined
    ? "it closed the connection; if it listens by TLS, --tls-ca is needed"
    : "it closed the connection; does it listen by TLS, and want a certificate (--tls-cert)?"
}

function statusText(node: NodeStatus): string {
  const lines = [
    `node          ${node.node}`,
    `epoch         ${node.epoch} (${node.epochMs})`,
    `signed until  ${node.signedUntil}  (ids above that need an unsigned 64-bit type)`,
    `ids until     ${node.until}  (${node.yearsLeft} years)`,
    `clock lead    ${node.clockLeadMs} ms`,
    `ready         ${node.unready === null ? "yes" : `no: ${node.unready}`}`,
  ]
  if (node.certificateEnds !== null) lines.push(`certificate   until ${node.certificateEnds}`)
  if (node.clockDoubt !== null) lines.push(`clock         ${node.clockDoubt}`)
  if (node.peers.length > 0) lines.push("", ...peerLines(node))
  return lines.join("\n")
}

function peerLines({ peers }: NodeStatus): string[] {
  const rows = peers.map((peer) => [
    String(peer.node),
    peer.address,
    peer.state,
    skewText(peer),
    peer.roundTripMs === null ? "-" : `${peer.roundTripMs} ms`,
    peer.reason,
  ])
  return textTable([["peer", "address", "state", "skew", "round trip", ""], ...rows])
}
