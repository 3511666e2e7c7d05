/** The life of a connection. The states follow each other in this order; some are passed over. */
export const ConnectionState = {
  /** Requests are read and answered. */
  OPEN: 0,
  /** The node or the dialect ends it: what has been received is answered, then our FIN goes out. */
  DRAINING: 1,
  /** The client sends no more requests: those it has sent are answered, then both ways are closed. */
  HALF_OPEN: 2,
  /** Our FIN is out; what the client still sends is dropped. */
  FIN_SENT: 3,
  CLOSED: 4,
} as const
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState]
