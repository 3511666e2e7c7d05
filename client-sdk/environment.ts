import type { Dial } from "./socket.ts"
import { dialSocket } from "./socket.ts"

/** A timer that has been set and not yet fired. */
export interface Timer {
  cancel(): void
}

/** All that decides what a client does besides its options; tests put their own in place of it. */
export interface Environment {
  /** A clock that never goes back, milliseconds from an arbitrary start. */
  monotonicMs(): number
  /** Uniform in [0, 1). */
  random(): number
  /** Calls `run` once; the process goes on for it. */
  after(delayMs: number, run: () => void): Timer
  /** The same, but the process may end before. */
  afterInBackground(delayMs: number, run: () => void): Timer
  readonly dial: Dial
}

export const systemEnvironment: Environment = {
  monotonicMs: () => performance.now(),
  random: Math.random,
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs)
    return { cancel: () => clearTimeout(handle) }
  },
  afterInBackground(delayMs, run) {
    const handle = setTimeout(run, delayMs)
    handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
  dial: dialSocket,
}
