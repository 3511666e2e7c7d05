import { textTable } from "../text-table.ts"
import { addressText } from "../net/address.ts"
import { firnCommand, httpTryLine, tcpTryLines } from "../try-lines.ts"
import type { TryTls } from "../try-lines.ts"
import type { NodePlan } from "./node-plan.ts"

/** The nodes and where they listen, a row each. */
export function tableLines(plans: readonly NodePlan[]): string[] {
  const rows = plans.map(({ nodeId, tcp, http }) => [
    `${nodeId}`,
    addressText(tcp),
    addressText(http),
  ])
  const shared = plans[0]?.shared
  const all =
    shared === undefined ? [] : [["all", addressText(shared.tcp), addressText(shared.http)]]
  return textTable([["node", "TCP", "HTTP"], ...rows, ...all])
}

/** What to paste into another terminal to see the cluster at work. */
export function tryLines(plans: readonly NodePlan[], tls?: TryTls): string[] {
  const { tcp, http } = plans[0]!.shared ?? plans[0]!
  const last = (plans[0]!.shared ?? plans.at(-1)!).http
  const trust = tls === undefined ? "" : ` --tls-ca ${tls.caFile}`
  const client = tls?.wantsClientCert ? " --tls-cert CLIENT.crt --tls-key CLIENT.key" : ""
  return [
    httpTryLine(http, "/lunique", tls),
    httpTryLine(last, "/dunique?target=random", tls),
    ...tcpTryLines(tcp, tls),
    `${firnCommand()} status --server ${addressText(http)}${trust}${client}`,
  ]
}
