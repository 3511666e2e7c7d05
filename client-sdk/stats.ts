import type { ServerState } from "./options.ts"

/** A client at one moment. */
export interface ClientStats {
  readonly requests: RequestStats
  /** Each server, and each server again for routed calls once there were any. */
  readonly servers: readonly ServerStats[]
  /** undefined when the client was made without `prefetch` */
  readonly prefetch: PrefetchStats | undefined
}

/** Requests of callers since the client was made; `ids` makes one for every 4,096 ids. */
export interface RequestStats {
  /** Those that wait for an answer. */
  readonly inFlight: number
  readonly succeeded: number
  readonly failed: number
  /** How many tries failed, also of those that succeeded in the end. */
  readonly failedTries: number
}

export interface ServerStats {
  /** As it stands in the list. */
  readonly server: string
  /** Whether these are the connections for routed calls. */
  readonly routed: boolean
  /** "unused" until the first call. */
  readonly state: ServerState | "unused"
  /** Why it is down; "" otherwise. */
  readonly reason: string
  /** Connections that can be used. */
  readonly connections: number
  /** The ids of the nodes that answer on them: one, or several behind a proxy. */
  readonly nodes: readonly number[]
  readonly inFlight: number
}

export interface PrefetchStats {
  /** How many ids are kept at hand: `prefetch.size`, or more after bursts. */
  readonly size: number
  /** How many are there; some may be thrown away when their time comes. */
  readonly atHand: number
  /** How many have been used. */
  readonly used: number
}

/** The same with a line for each server, as `console.log` shows a client. */
export function statsInBrief({ requests, servers, prefetch }: ClientStats): object {
  const lines = servers.map(({ server, routed, state, reason, nodes }) => {
    const calls = routed ? " for routed calls" : ""
    const node = nodes.length > 0 ? `, node ${nodes.join(" and ")}` : ""
    return `${server}${calls}: ${state}${node}${reason && `, ${reason}`}`
  })
  return { servers: lines, ...requests, ...(prefetch && { prefetch }) }
}
