import { addressText } from "../transport/address.ts"
import type { NodePlan } from "./node-plan.ts"

/** The nodes and where they listen, a row each. */
export function tableLines(plans: readonly NodePlan[]): string[] {
  const rows = plans.map(({ nodeId, tcp, http }) => [
    `${nodeId}`,
    addressText(tcp),
    addressText(http),
  ])
  const table = [["node", "TCP", "HTTP"], ...rows]
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]!.length)))
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd(),
  )
}

/** What to paste into another terminal to see the cluster at work. */
export function tryLines(plans: readonly NodePlan[]): string[] {
  const { tcp, http } = plans[0]!
  const last = addressText(plans.at(-1)!.http)
  return [
    `curl http://${addressText(http)}/lunique`,
    `curl 'http://${last}/dunique?target=random'`,
    `printf 'lunique\\nquit\\n' | nc ${tcp.host} ${tcp.port}`,
    `telnet ${tcp.host} ${tcp.port}   (then type: lunique, help or quit)`,
    `npx firn status --server ${addressText(http)}`,
  ]
}
