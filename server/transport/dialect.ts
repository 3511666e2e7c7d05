import type { Router } from "../routing/router.ts"
import type { FlushScheduler } from "../flush-scheduler.ts"
import type { Outbound } from "../net/outbound.ts"

/** How far a connection has got with the bytes it was given. */
export const Work = {
  /** All is answered or in flight, but for an unfinished frame or line. */
  IDLE: 0,
  /** The next request has to wait for the generator. */
  WAITING: 1,
  /** Answers have to wait for the socket. */
  BLOCKED: 2,
  /** The next request has to wait for other nodes' answers to those before it. */
  FULL: 3,
} as const
export type Work = (typeof Work)[keyof typeof Work]

/** What a connection speaks: frames or text lines. */
export interface Dialect {
  /** Requests taken from the input so far. */
  readonly taken: number
  /** Requests whose answers have to come from other nodes, or wait behind such. */
  readonly pending: number
  /** Whether the other side asked for the connection to be closed after the answers so far. */
  readonly finished: boolean
  /** Takes the next chunk, which stays the dialect's own. Only when the last `run` was IDLE. */
  push(chunk: Uint8Array): void
  /** No more bytes will come. */
  pushEnd(): void
  /** Writes what can be answered by now, and goes on with what was pushed. */
  run(): Work
}

/** What a dialect is made with. */
export interface DialectParts {
  readonly router: Router
  readonly outbound: Outbound
  readonly flushScheduler: FlushScheduler
  /** Called at the end of a round in which answers of other nodes came: `run` has something to do. */
  readonly ready: () => void
}
