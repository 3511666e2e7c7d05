import type { Environment, Timer } from "../environment.ts"

/** What came of letting a waiter go on. */
export const Resumed = {
  /** It needs no more ids for now. */
  DONE: 0,
  /** It got some of the ids it needs, but not all. */
  SOME: 1,
  /** It got none. */
  NONE: 2,
} as const
export type Resumed = (typeof Resumed)[keyof typeof Resumed]

export interface Waiter {
  /** Goes on with the work that had to stop for want of ids. */
  resume(): Resumed
}

/**
 * Those that wait for the generator's next millisecond, first come first served, woken by a timer
 * so that waiting costs no CPU. Holds each waiter once: at most one for every connection, and one
 * for every request of a connection that other nodes failed.
 */
export class Pacer {
  readonly #waiters = new Set<Waiter>()
  readonly #environment: Environment
  readonly #waitMs: () => number
  #timer: Timer | undefined

  /** @param waitMs in how many milliseconds there may be ids again */
  constructor(environment: Environment, waitMs: () => number) {
    this.#environment = environment
    this.#waitMs = waitMs
  }

  wait(waiter: Waiter): void {
    this.#waiters.add(waiter)
    this.#arm()
  }

  leave(waiter: Waiter): void {
    this.#waiters.delete(waiter)
  }

  #arm(): void {
    this.#timer ??= this.#environment.after(this.#waitMs(), this.#serve)
  }

  readonly #serve = (): void => {
    this.#timer = undefined
    for (const waiter of this.#waiters) {
      const resumed = waiter.resume()
      if (resumed === Resumed.NONE) break
      this.#waiters.delete(waiter)
      if (resumed === Resumed.SOME) {
        // To the back, so that one deep pipeline does not keep the others waiting.
        this.#waiters.add(waiter)
        break
      }
    }
    if (this.#waiters.size > 0) this.#arm()
  }
}
