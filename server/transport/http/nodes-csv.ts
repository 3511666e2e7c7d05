import type { NodeStatus } from "../../node-status.ts"
import { MediaType } from "./answers.ts"
import type { HttpAnswer } from "./answers.ts"

const HEADER = ["node", "address", "state", "skew_ms", "round_trip_ms", "reason"]

/** This node first, then the others, as RFC 4180 has tables: https://www.rfc-editor.org/rfc/rfc4180 */
export function nodesCsv({ node, tcp, unready, peers }: NodeStatus): HttpAnswer {
  const own = [node, tcp, unready === null ? "ready" : "not ready", 0, 0, unready ?? ""]
  const others = peers.map(({ node: id, address, state, skewMs, roundTripMs, reason }) => {
    return [id, address, state, skewMs ?? "", roundTripMs ?? "", reason]
  })
  const lines = [HEADER, own, ...others].map((cells) => `${cells.map(cellText).join(",")}\r\n`)
  return { status: 200, mediaType: MediaType.CSV, body: lines.join(""), headers: undefined }
}

function cellText(cell: string | number): string {
  const text = String(cell)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
