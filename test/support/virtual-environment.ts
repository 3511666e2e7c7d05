import { DEFAULT_EPOCH_MS } from "../../protocol/index.ts"
import type { Environment, Timer } from "../../server/environment.ts"
import { VirtualTime } from "./virtual-time.ts"

/** Some moment after the default epoch, for tests that do not care which. */
export const SOME_TIME = 1_000_000_000

/**
 * Time that passes only when a test says so. The monotonic clock advances, the wall clock follows
 * it at a distance that `stepWall` changes, and timers run as their moment is passed.
 */
export class VirtualEnvironment implements Environment {
  /** The wall clock does not move as time passes. */
  wallStands = false
  /** How often the wall clock was read. */
  wallReads = 0
  /** Uniform in [0, 1) and the same for the same seed; a property, so that it can be passed on. */
  random: () => number
  readonly #passing = new VirtualTime()
  #wallOffsetMs: number

  /** @param timeMs where the wall clock stands, milliseconds since the default epoch */
  constructor(timeMs: number = SOME_TIME, seed = 1) {
    this.#wallOffsetMs = DEFAULT_EPOCH_MS + timeMs
    this.random = seededRandom(seed)
  }

  /** The wall clock, milliseconds since the default epoch. */
  get time(): number {
    return Math.floor(this.#wallOffsetMs + this.#passing.nowMs) - DEFAULT_EPOCH_MS
  }

  set time(timeMs: number) {
    this.#wallOffsetMs = DEFAULT_EPOCH_MS + timeMs - this.#passing.nowMs
  }

  /** Timers that are set and not yet fired. */
  get timerCount(): number {
    return this.#passing.size
  }

  /** In how many milliseconds the next timer fires; undefined when there is none. */
  get nextTimerMs(): number | undefined {
    const { next, nowMs } = this.#passing
    return next && next.atMs - nowMs
  }

  wallMs(): number {
    this.wallReads += 1
    return this.time + DEFAULT_EPOCH_MS
  }

  monotonicMs(): number {
    return this.#passing.nowMs
  }

  after(delayMs: number, run: () => void): Timer {
    const passing = this.#passing
    const event = passing.at(passing.nowMs + delayMs, run)
    return { cancel: () => passing.cancel(event) }
  }

  soon(run: () => void): void {
    this.after(0, run)
  }

  /** Lets time pass on both clocks; what is due on the way runs at its own moment. */
  advance(ms: number): void {
    const passing = this.#passing
    const endMs = passing.nowMs + ms
    for (let { next } = passing; next && next.atMs <= endMs; { next } = passing) {
      this.#moveTo(next.atMs)
      passing.runNext()
    }
    this.#moveTo(endMs)
  }

  /** Sets the wall clock forward or, below 0, back. */
  stepWall(ms: number): void {
    this.#wallOffsetMs += ms
  }

  #moveTo(nowMs: number): void {
    if (this.wallStands) this.#wallOffsetMs -= nowMs - this.#passing.nowMs
    this.#passing.nowMs = nowMs
  }
}

/** Mulberry32: small, and even enough for tests. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
