import { join } from "node:path"
import type { StartValues } from "../config/start-arguments.ts"
import type { Address, SharedAddress } from "../net/address.ts"

const HOST = "127.0.0.1"

/** One node of a cluster, as it is to be run. */
export interface NodePlan {
  readonly nodeId: number
  readonly dataDir: string
  readonly tcp: Address
  readonly http: Address
  /** Where all nodes listen besides. */
  readonly shared: SharedAddresses | undefined
}

interface SharedAddresses {
  readonly tcp: SharedAddress
  readonly http: SharedAddress
}

/** The ports of a cluster, one a node, and those that all nodes share. */
export interface PortPlan {
  readonly tcp: readonly number[]
  readonly http: readonly number[]
  readonly shared?: { readonly tcp: number; readonly http: number } | undefined
}

/**
 * Nodes 0, 1, … on this machine.
 * @param dataDir has a directory for each of them
 */
export function planNodes(dataDir: string, ports: PortPlan): NodePlan[] {
  const shared = ports.shared && {
    tcp: sharedAddress(ports.shared.tcp),
    http: sharedAddress(ports.shared.http),
  }
  return ports.tcp.map((port, nodeId) => ({
    nodeId,
    dataDir: join(dataDir, `node-${nodeId}`),
    tcp: { host: HOST, port },
    http: { host: HOST, port: ports.http[nodeId]! },
    shared,
  }))
}

function sharedAddress(port: number): SharedAddress {
  return { host: HOST, port, isShared: true }
}

/** The options that make `firn start` one node of the cluster. */
export function startValues(plan: NodePlan, plans: readonly NodePlan[]): StartValues {
  const peers = plans.map(({ nodeId, tcp }) => ({ nodeId, address: tcp }))
  const { dataDir, tcp, http, shared } = plan
  // The node id is stored already; given again, a directory that is another node's is refused.
  const values = { nodeId: plan.nodeId, dataDir, tcp, http, peers }
  return shared === undefined
    ? values
    : { ...values, sharedTcp: shared.tcp, sharedHttp: shared.http }
}
