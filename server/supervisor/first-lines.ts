import { textTable } from "../text-table.ts"
import { addressText } from "../net/address.ts"
import { tcpTryLines } from "../try-lines.ts"
import type { NodePlan } from "./node-plan.ts"

/** The nodes and where they listen, a row each. */
export function tableLines(plans: readonly NodePlan[]): string[] {
  const rows = plans.map(({ nodeId, tcp, http }) => [
    `${nodeId}`,
    addressText(tcp),
    addressText(http),
  ])
  return textTable([["node", "TCP", "HTTP"], ...rows])
}

/** What to paste into another terminal to see the cluster at work. */
export function tryLines(plans: readonly NodePlan[]): string[] {
  const { tcp, http } = plans[0]!
  const last = addressText(plans.at(-1)!.http)
  return [
    `curl http://${addressText(http)}/lunique`,
    `curl 'http://${last}/dunique?target=random'`,
    ...tcpTryLines(tcp),
    `npx firn status --server ${addressText(http)}`,
  ]
}
