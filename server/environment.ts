/** A timer that has been set and not yet fired. */
export interface Timer {
  cancel(): void
}

/**
 * Everything outside of Firn that decides what Firn does, besides its sockets and its disk. Tests
 * and the simulation put their own in place of `systemEnvironment`.
 */
export interface Environment {
  /** The wall clock, Unix milliseconds. May step in either direction at any time. */
  wallMs(): number
  /** A clock that never goes back, milliseconds from an arbitrary start, with fractions. */
  monotonicMs(): number
  /** Uniform in [0, 1). */
  random(): number
  /** Calls `run` once, `delayMs` from now. */
  after(delayMs: number, run: () => void): Timer
  /** Calls `run` at the end of this turn of the event loop. */
  soon(run: () => void): void
}

export const systemEnvironment: Environment = {
  wallMs: Date.now,
  monotonicMs: () => performance.now(),
  random: Math.random,
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs)
    return { cancel: () => clearTimeout(handle) }
  },
  soon(run) {
    setImmediate(run)
  },
}
