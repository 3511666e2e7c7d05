import type { Environment } from "../environment.ts"
import type { FlushScheduler } from "../flush-scheduler.ts"
import type { Dial } from "../net/dial.ts"

/** What all links and peers of a node share. */
export interface PeerContext {
  /** This node. */
  readonly nodeId: number
  readonly epochMs: number
  /** The two parts of this process's start number, as PING answers it. */
  readonly startHigh16: number
  readonly startLow32: number
  readonly environment: Environment
  readonly flushScheduler: FlushScheduler
  readonly dial: Dial
  readonly linksPerPeer: number
  /** How long a request may take in all, other nodes included. */
  readonly timeoutMs: number
}
