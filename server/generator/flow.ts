/** Whoever waits for ids: a connection, or a request that is nobody's connection. */
export interface Waiter {
  /** How many ids its next request asks for. */
  readonly wanted: number
  /** It is its turn: it takes this many ids at most, and waits again for more. */
  resume(allowance: number): void
  /** Its next request has waited too long, and is to be refused: OVERLOADED, with this detail. */
  giveUp(retryAfterMs: number): void
}

/** The share of one waiter. */
export class Flow {
  readonly waiter: Waiter
  /** Where its next request starts at the earliest, in virtual time; moved on by each id it takes. */
  tag = 0
  /** Where the request that waits starts and finishes, and how many ids it is for. */
  start = 0
  finish = 0
  wanted = 0
  /** When it began to wait, among others with the same finish. */
  order = 0
  /** In the heap; -1: it does not wait. */
  place = -1
  /** Since when one request after the other has had to wait, monotonic milliseconds. */
  behindSinceMs: number | undefined

  constructor(waiter: Waiter) {
    this.waiter = waiter
  }

  /** None of its requests waits for ids. */
  caughtUp(): void {
    this.behindSinceMs = undefined
  }
}
