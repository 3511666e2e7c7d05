import type { Environment } from "../environment.ts"
import type { FlushScheduler } from "../flush-scheduler.ts"
import type { Dial } from "../net/dial.ts"

/** What all links and peers of a node share. */
export interface PeerContext {
  /** This node. */
  readonly nodeId: number
  readonly epochMs: number
  /** Tells this run of the process from every other: the answer to PING has it. */
  readonly startNumber: number
  readonly environment: Environment
  readonly flushScheduler: FlushScheduler
  readonly dial: Dial
  readonly linksPerPeer: number
  /** How long a request may take in all, other nodes included. */
  readonly timeoutMs: number
}
