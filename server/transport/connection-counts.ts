/** Why this node has closed the connection of a client that would have gone on. */
export const CloseReason = {
  NO_FIRST_BYTE: "no-first-byte",
  UNFINISHED_REQUEST: "unfinished-request",
  IDLE: "idle",
  /** It has not read its answers for too long. */
  SLOW_READER: "slow-reader",
  /** The node keeps too much for all clients, and most of it for such ones. */
  TOO_MUCH_PENDING: "too-much-pending",
  /** It has not closed after its last answer. */
  NOT_CLOSED: "not-closed",
} as const
export type CloseReason = (typeof CloseReason)[keyof typeof CloseReason]

/** What has become of the clients of a node. All but `open` only ever grow. */
export class ConnectionCounts {
  /** Connections that are served, or have been. */
  accepted = 0
  /** Those of them that are open. */
  open = 0
  /** Closed by their client, or after what it asked for last, or as the node stopped. */
  ended = 0
  /** Above `--max-connections`: answered OVERLOADED, or closed at once. */
  refused = 0
  /** Closed at once, since descriptors are kept for what is not a client. */
  turnedAway = 0
  /** Closed since they did not get through the handshake of TLS. */
  handshakesFailed = 0
  readonly closed: Record<CloseReason, number> = {
    [CloseReason.NO_FIRST_BYTE]: 0,
    [CloseReason.UNFINISHED_REQUEST]: 0,
    [CloseReason.IDLE]: 0,
    [CloseReason.SLOW_READER]: 0,
    [CloseReason.TOO_MUCH_PENDING]: 0,
    [CloseReason.NOT_CLOSED]: 0,
  }
}
