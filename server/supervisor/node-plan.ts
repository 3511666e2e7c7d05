import { join } from "node:path"
import { addressText } from "../net/address.ts"
import type { Address } from "../net/address.ts"

const HOST = "127.0.0.1"

/** One node of a cluster, as it is to be run. */
export interface NodePlan {
  readonly nodeId: number
  readonly dataDir: string
  readonly tcp: Address
  readonly http: Address
}

/**
 * Nodes 0, 1, … on this machine.
 * @param dataDir has a directory for each of them
 * @param tcpPorts one a node
 * @param httpPorts one a node
 */
export function planNodes(
  dataDir: string,
  tcpPorts: readonly number[],
  httpPorts: readonly number[],
): NodePlan[] {
  return tcpPorts.map((port, nodeId) => ({
    nodeId,
    dataDir: join(dataDir, `node-${nodeId}`),
    tcp: { host: HOST, port },
    http: { host: HOST, port: httpPorts[nodeId]! },
  }))
}

/** The arguments that make `firn start` one node of the cluster. */
export function startArguments(plan: NodePlan, plans: readonly NodePlan[]): string[] {
  const peers = plans.map(({ nodeId, tcp }) => `${nodeId}@${addressText(tcp)}`)
  // The node id is stored already; given again, a directory that is another node's is refused.
  const identity = ["--node-id", `${plan.nodeId}`, "--data-dir", plan.dataDir]
  const addresses = ["--tcp", addressText(plan.tcp), "--http", addressText(plan.http)]
  return [...identity, ...addresses, "--peers", peers.join(",")]
}
