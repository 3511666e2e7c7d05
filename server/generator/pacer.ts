import type { Environment, Timer } from "../environment.ts"

/** The generator, as far as the pacer needs it. */
export interface IdSource {
  /** Reads the clock. */
  begin(): void
  /** Whether `count` ids have to wait for a later millisecond. */
  mustWait(count: number): boolean
  /** In how many milliseconds there may be ids again. */
  readonly waitMs: number
}

export interface Waiter {
  /** How many ids its next request asks for. */
  readonly wanted: number
  /** Those ids are there: it goes on, and waits again when its next request finds too few. */
  resume(): void
}

/**
 * Those that wait for the generator's next millisecond: first come, first served. A timer wakes
 * them, so that waiting costs no CPU. One that was served and waits again goes to the back, so that
 * a deep pipeline does not keep the others waiting.
 *
 * Each waiter is in here once. So there is at most one for each connection, one for each request
 * over HTTP, and one for each request that this node answers because others failed.
 */
export class Pacer {
  readonly #waiters = new Set<Waiter>()
  readonly #environment: Environment
  readonly #ids: IdSource
  #timer: Timer | undefined

  constructor(environment: Environment, ids: IdSource) {
    this.#environment = environment
    this.#ids = ids
  }

  /** Adds a waiter at the back. One that waits already keeps its place. */
  wait(waiter: Waiter): void {
    this.#waiters.add(waiter)
    this.#arm()
  }

  leave(waiter: Waiter): void {
    this.#waiters.delete(waiter)
  }

  #arm(): void {
    this.#timer ??= this.#environment.after(this.#ids.waitMs, this.#serve)
  }

  readonly #serve = (): void => {
    this.#timer = undefined
    this.#ids.begin()
    // Nobody is served twice: those that wait again stand behind all that waited before.
    let left = this.#waiters.size
    for (const waiter of this.#waiters) {
      if (left-- === 0 || this.#ids.mustWait(waiter.wanted)) break
      this.#waiters.delete(waiter)
      waiter.resume()
    }
    if (this.#waiters.size > 0) this.#arm()
  }
}
