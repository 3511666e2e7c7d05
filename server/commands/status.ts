import type { Command } from "commander"
import { defineCommand } from "../config/command-line.ts"
import type { Values } from "../config/settings.ts"
import type { NodeDescription } from "../node.ts"
import { textTable } from "../text-table.ts"
import { addressText } from "../net/address.ts"
import type { Address } from "../net/address.ts"

const TIMEOUT_MS = 5_000

export function defineStatus(program: Command): void {
  const description = "show a node and what it sees of the others"
  defineCommand(program, "status", description).action(async ({ server }: Values<"status">) => {
    console.log(statusText(await ask(server)))
  })
}

/** @throws Error that names the address when there is no Firn node */
async function ask(server: Address): Promise<NodeDescription> {
  const where = addressText(server)
  let response: Response
  try {
    response = await fetch(`http://${where}/nodes`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
  } catch (error) {
    throw new Error(`cannot reach ${where}: ${(error as Error).message}`, { cause: error })
  }
  if (!response.ok) throw new Error(`${where} answered ${response.status}: is it a Firn node?`)
  return (await response.json()) as NodeDescription
}

function statusText(node: NodeDescription): string {
  const lines = [
    `node          ${node.node}`,
    `epoch         ${node.epoch} (${node.epochMs})`,
    `years left    ${node.yearsLeft}`,
    `clock lead    ${node.clockLeadMs} ms`,
    `ready         ${node.unready === null ? "yes" : `no: ${node.unready}`}`,
  ]
  if (node.peers.length > 0) lines.push("", ...peerLines(node))
  return lines.join("\n")
}

function peerLines({ peers }: NodeDescription): string[] {
  const rows = peers.map((peer) => [
    String(peer.node),
    peer.address,
    peer.state,
    peer.skewMs === null ? "-" : `${peer.skewMs} ms`,
    peer.roundTripMs === null ? "-" : `${peer.roundTripMs} ms`,
    peer.reason,
  ])
  return textTable([["peer", "address", "state", "skew", "round trip", ""], ...rows])
}
