/** How far a connection has got with the bytes it was given. */
export const Work = {
  /** All is answered, but for an unfinished frame or line. */
  IDLE: 0,
  /** The next request has to wait for the generator. */
  WAITING: 1,
  /** Answers have to wait for the socket. */
  BLOCKED: 2,
} as const
export type Work = (typeof Work)[keyof typeof Work]

/** What a connection speaks: frames or text lines. */
export interface Dialect {
  /** Requests answered so far. */
  readonly answered: number
  /** Whether the other side asked for the connection to be closed after the answers so far. */
  readonly finished: boolean
  /** Takes the next chunk, which stays the dialect's own. Only when the last `run` was IDLE. */
  push(chunk: Uint8Array): void
  /** No more bytes will come. */
  pushEnd(): void
  /** Answers as much as it can of what was pushed. */
  run(): Work
}
