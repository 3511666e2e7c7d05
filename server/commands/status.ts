import type { Command } from "commander"
import { defineCommand } from "../config/command-line.ts"
import type { Values } from "../config/settings.ts"
import { ServerError } from "../errors.ts"
import { addressText } from "../net/address.ts"
import type { Address } from "../net/address.ts"
import { parseNodeStatus } from "../node-status.ts"
import type { NodeStatus } from "../node-status.ts"
import { textTable } from "../text-table.ts"

const TIMEOUT_MS = 5_000

export function defineStatus(program: Command): void {
  const description = "show a node and what it sees of the others"
  defineCommand(program, "status", description).action(async ({ server }: Values<"status">) => {
    console.log(statusText(await ask(server)))
  })
}

/** @throws ServerError that names the address when there is no Firn node */
async function ask(server: Address): Promise<NodeStatus> {
  const where = addressText(server)
  const body = await bodyOf(`http://${where}/nodes`, where)
  try {
    return parseNodeStatus(JSON.parse(body))
  } catch (error) {
    const why = error instanceof SyntaxError ? "it is not JSON" : (error as Error).message
    const what = `${where} answered, but not as a Firn node does: ${why}`
    throw new ServerError(what, { cause: error })
  }
}

/** @throws ServerError */
async function bodyOf(url: string, where: string): Promise<string> {
  let response: Response
  let body: string
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    body = await response.text()
  } catch (error) {
    throw new ServerError(`cannot reach ${where}: ${(error as Error).message}`, { cause: error })
  }
  if (response.ok) return body
  throw new ServerError(`${where} answered ${response.status}: is it a Firn node?`)
}

function statusText(node: NodeStatus): string {
  const lines = [
    `node          ${node.node}`,
    `epoch         ${node.epoch} (${node.epochMs})`,
    `years left    ${node.yearsLeft}`,
    `clock lead    ${node.clockLeadMs} ms`,
    `ready         ${node.unready === null ? "yes" : `no: ${node.unready}`}`,
  ]
  if (node.clockDoubt !== null) lines.push(`clock         ${node.clockDoubt}`)
  if (node.peers.length > 0) lines.push("", ...peerLines(node))
  return lines.join("\n")
}

function peerLines({ peers }: NodeStatus): string[] {
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
