import type { ConnectionLimits } from "../../server/transport/connection-table.ts"

/** As a node has them that is told nothing else. */
export const DEFAULT_LIMITS: ConnectionLimits = {
  maxConnections: 10_000,
  maxPeerConnections: 0,
  maxRefused: 256,
  readTimeoutMs: 30_000,
  writeTimeoutMs: 10_000,
  idleTimeoutMs: 0,
}
