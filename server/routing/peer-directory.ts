import { Status } from "../../protocol/index.ts"

/** A request for ids that a peer can be asked for, and whoever hears what comes of it. */
export interface IdRequest {
  /** How many ids it asks for. */
  readonly wanted: number
  /** The peer has answered, and its answer can be true. */
  answered(status: Status, high: number, low: number): void
  /** The peer will not answer; `detail` goes with the status, 32 bits. */
  lost(status: Status, detail: number): void
}

/** The other nodes, as far as routing needs them. */
export interface PeerDirectory {
  /** The nodes that are thought to answer, this one included. A changed list is another array. */
  readonly live: readonly number[]
  knows(nodeId: number): boolean
  /**
   * Asks a node for ids. The request hears what comes of it by `deadlineMs` (monotonic) at the
   * latest, and never before this returns.
   * @returns Status.OK, or why nothing was sent
   */
  ask(nodeId: number, request: IdRequest, nowMs: number, deadlineMs: number): Status
  /** How long a node's answer is worth waiting for where another node could answer as well. */
  patienceMs(nodeId: number): number
  /** A node gave an answer that cannot be true. */
  distrust(nodeId: number, reason: string): void
}

/** The directory of a node that is alone. */
export function noPeers(nodeId: number): PeerDirectory {
  return {
    live: [nodeId],
    knows: () => false,
    ask: () => Status.UNKNOWN_NODE,
    patienceMs: () => 0,
    distrust: () => {},
  }
}
