import type { Environment } from "../environment.ts"
import type { FlushScheduler } from "../flush-scheduler.ts"
import type { Histogram } from "../metrics/histogram.ts"
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
  /** How long peers take to answer, of one request at a time on each link. */
  readonly answerSeconds: Histogram
}

/** Seconds: peers of one rack take less than one thousandth, and requests are given up after one. */
export const ANSWER_BOUNDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
]
