import { Status } from "../../protocol/index.ts"
import type { Flight } from "./forwarded-request.ts"

/** The other nodes, as far as routing needs them. */
export interface PeerDirectory {
  /** The nodes that are thought to answer, this one included. */
  readonly live: readonly number[]
  knows(nodeId: number): boolean
  /**
   * Asks a node on behalf of a flight, which hears what comes of it by `deadlineMs` (monotonic) at
   * the latest, and never before this returns.
   * @returns Status.OK, or why nothing was sent
   */
  ask(nodeId: number, flight: Flight, nowMs: number, deadlineMs: number): Status
  /** A node gave an answer that cannot be true. */
  distrust(nodeId: number, reason: string): void
}

/** The directory of a node that is alone. */
export function noPeers(nodeId: number): PeerDirectory {
  return {
    live: [nodeId],
    knows: () => false,
    ask: () => Status.UNKNOWN_NODE,
    distrust: () => {},
  }
}
