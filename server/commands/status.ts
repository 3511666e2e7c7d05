import type { Command } from "commander"
import { defineCommand } from "../config/command-line.ts"
import type { Values } from "../config/settings.ts"
import { commandTlsOf } from "../config/tls-options.ts"
import { ServerError } from "../errors.ts"
import { parseAddress } from "../net/address.ts"
import type { ListenAddress } from "../net/address.ts"
import type { PeerStatus } from "../node-status.ts"
import { textTable } from "../text-table.ts"
import { ASKED_MAX, askStatus } from "./ask-node.ts"
import type { AskedStatus, Asking } from "./ask-node.ts"
import { inParallel } from "./in-parallel.ts"

const WATCH_MS = 2_000
/** The cursor home, and nothing on the screen. */
const CLEAR = "\u001B[H\u001B[2J"

/** What another node said when it was asked itself. */
interface PeerAnswer {
  readonly peer: PeerStatus
  /** undefined: it could not be asked */
  readonly asked: AskedStatus | undefined
  /** In words: ready, not ready and why, or why it could not be asked. */
  readonly says: string
}

export function defineStatus(program: Command): void {
  const description = "show a node and the others of its cluster"
  defineCommand(program, "status", description).action(status)
}

async function status(options: Values<"status">): Promise<void> {
  if (!options.watch) {
    await showStatus(options)
    return
  }
  for (;;) {
    // On a terminal in place of what was there; elsewhere below it.
    if (process.stdout.isTTY) process.stdout.write(CLEAR)
    try {
      await showStatus(options)
    } catch (error) {
      // A node that is gone may come back: that is what is watched for.
      if (!(error instanceof ServerError)) throw error
      console.log((error as Error).message)
    }
    await Bun.sleep(WATCH_MS)
  }
}

async function showStatus(options: Values<"status">): Promise<void> {
  const asking = { tls: commandTlsOf(options), timeoutMs: options.timeout }
  const shown: string[] = []
  const failures: unknown[] = []
  for (const server of options.server) {
    try {
      shown.push(await textOf(server, asking, options.json))
    } catch (error) {
      failures.push(error)
    }
  }
  if (shown.length > 0) console.log(shown.join(options.json ? "\n" : "\n\n"))
  for (const failure of failures.slice(0, -1)) {
    process.stderr.write(`error: ${(failure as Error).message}\n`)
  }
  if (failures.length > 0) throw failures.at(-1)
}

async function textOf(server: ListenAddress, asking: Asking, isJson: boolean): Promise<string> {
  const asked = await askStatus(server, asking)
  if (isJson) return JSON.stringify(asked.status)
  const answers = await inParallel(asked.status.peers, ASKED_MAX, (peer) => askPeer(peer, asking))
  return statusText(asked, answers)
}

/** Asks the node itself: the one that lists it may not have used it yet. */
async function askPeer(peer: PeerStatus, asking: Asking): Promise<PeerAnswer> {
  try {
    const asked = await askStatus(parseAddress(peer.address), asking)
    const { node, unready } = asked.status
    if (node !== peer.node) return { peer, asked: undefined, says: `it is node ${node}` }
    return { peer, asked, says: unready === null ? "ready" : `not ready: ${unready}` }
  } catch (error) {
    const says = (error as Error).message.replace(/^cannot reach \S+: /, "not reached: ")
    return { peer, asked: undefined, says }
  }
}

function statusText(asked: AskedStatus, answers: readonly PeerAnswer[]): string {
  const { status: node } = asked
  const lines = [
    `node          ${node.node}  (firn ${node.version}, TCP ${node.tcp}, HTTP ${node.http ?? "off"})`,
    `epoch         ${node.epoch} (${node.epochMs})`,
    `signed until  ${node.signedUntil}  (ids above that need an unsigned 64-bit type)`,
    `ids until     ${node.until}  (${node.yearsLeft} years)`,
    `clock lead    ${node.clockLeadMs} ms`,
    `ready         ${node.unready === null ? "yes" : `no: ${node.unready}`}`,
  ]
  if (node.certificateEnds !== null) lines.push(`certificate   until ${node.certificateEnds}`)
  if (node.clockDoubt !== null) lines.push(`clock         ${node.clockDoubt}`)
  if (answers.length > 0) lines.push("", ...peerLines(asked, answers))
  return lines.join("\n")
}

function peerLines(asked: AskedStatus, answers: readonly PeerAnswer[]): string[] {
  const header = ["peer", "address", "says of itself", "link", "skew", "round trip", ""]
  const rows = answers.map((answer) => {
    const { peer, says } = answer
    const roundTrip = peer.roundTripMs === null ? "-" : `${peer.roundTripMs} ms`
    const skew = skewText(asked, answer)
    return [String(peer.node), peer.address, says, peer.state, skew, roundTrip, peer.reason]
  })
  return textTable([header, ...rows])
}

/**
 * By the node's own link to the other one; where it has not used that, by what both have told us. What
 * clocks differ by is known to half of a round trip, and a clock tells whole milliseconds.
 */
function skewText(node: AskedStatus, { peer, asked }: PeerAnswer): string {
  const { skewMs, roundTripMs } = peer
  if (skewMs !== null && roundTripMs !== null) return plusMinus(skewMs, roundTripMs / 2 + 1)
  if (asked === undefined) return "-"
  const doubtMs = (node.roundTripMs + asked.roundTripMs) / 2 + 2
  return plusMinus(asked.skewMs - node.skewMs, doubtMs)
}

function plusMinus(skewMs: number, doubtMs: number): string {
  return `${skewMs.toFixed(1)} ±${doubtMs.toFixed(1)} ms`
}
