import { join } from "node:path"
import type { StartValues } from "../config/start-arguments.ts"
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

/** The options that make `firn start` one node of the cluster. */
export function startValues(plan: NodePlan, plans: readonly NodePlan[]): StartValues {
  const peers = plans.map(({ nodeId, tcp }) => ({ nodeId, address: tcp }))
  const { dataDir, tcp, http } = plan
  // The node id is stored already; given again, a directory that is another node's is refused.
  return { nodeId: plan.nodeId, dataDir, tcp, http, peers }
}
