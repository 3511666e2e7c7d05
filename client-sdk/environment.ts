import type { Dial } from "./socket.ts"
import { dialSocket } from "./socket.ts"
import { clearTimeout, monotonicMs, setImmediate, setTimeout, wallMs } from "./timers.ts"

/** A timer that has been set and not yet fired. */
export interface Timer {
  cancel(): void
}

/** What a client takes from outside, besides its options. Tests bring their own. */
export interface Environment {
  /** A clock that never goes back, milliseconds from an arbitrary start. */
  monotonicMs(): number
  /** The system's clock, Unix milliseconds. It goes on while the machine sleeps. */
  wallMs(): number
  /** Uniform in [0, 1). */
  random(): number
  /** Calls `run` once. The process does not end before. */
  after(delayMs: number, run: () => void): Timer
  /** Calls `run` once, unless the process ends before. */
  afterInBackground(delayMs: number, run: () => void): Timer
  /** Calls `run` once what the sockets have received by now has been read. */
  afterReads(run: () => void): void
  readonly dial: Dial
}

export const systemEnvironment: Environment = {
  monotonicMs,
  wallMs,
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
  // Timers run before a turn's reads, and immediates after them.
  afterReads: (run) => void setImmediate(run),
  dial: dialSocket,
}
