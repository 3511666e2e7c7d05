import { DEFAULT_EPOCH_MS } from "../../protocol/index.ts"
import type { Runtime, Timer } from "../../server/runtime.ts"

/** Some moment after the default epoch, for tests that do not care which. */
export const SOME_TIME = 1_000_000_000

interface VirtualTimer extends Timer {
  readonly atMs: number
  readonly run: () => void
}

/**
 * Time that passes only when a test says so. The monotonic clock advances, the wall clock follows
 * it at a distance that `stepWall` changes, and timers run as their moment is passed.
 */
export class VirtualRuntime implements Runtime {
  /** The wall clock does not move as time passes. */
  wallStands = false
  /** How often the wall clock was read. */
  wallReads = 0
  /** Uniform in [0, 1) and the same for the same seed; a property, so that it can be passed on. */
  random: () => number
  #nowMs = 0
  #wallOffsetMs: number
  readonly #timers = new Set<VirtualTimer>()

  /** @param timeMs where the wall clock stands, milliseconds since the default epoch */
  constructor(timeMs: number = SOME_TIME, seed = 1) {
    this.#wallOffsetMs = DEFAULT_EPOCH_MS + timeMs
    this.random = seededRandom(seed)
  }

  /** The wall clock, milliseconds since the default epoch. */
  get time(): number {
    return Math.floor(this.#wallOffsetMs + this.#nowMs) - DEFAULT_EPOCH_MS
  }

  set time(timeMs: number) {
    this.#wallOffsetMs = DEFAULT_EPOCH_MS + timeMs - this.#nowMs
  }

  /** Timers that are set and not yet fired. */
  get timerCount(): number {
    return this.#timers.size
  }

  /** In how many milliseconds the next timer fires; undefined when there is none. */
  get nextTimerMs(): number | undefined {
    const next = this.#nextTimer()
    return next && next.atMs - this.#nowMs
  }

  wallMs(): number {
    this.wallReads += 1
    return this.time + DEFAULT_EPOCH_MS
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): Timer {
    const timer: VirtualTimer = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      run,
      cancel: () => this.#timers.delete(timer),
    }
    this.#timers.add(timer)
    return timer
  }

  soon(run: () => void): void {
    this.after(0, run)
  }

  /** Lets time pass on both clocks; what is due on the way runs at its own moment. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    for (let next = this.#nextTimer(); next && next.atMs <= endMs; next = this.#nextTimer()) {
      this.#timers.delete(next)
      this.#moveTo(Math.max(this.#nowMs, next.atMs))
      next.run()
    }
    this.#moveTo(endMs)
  }

  /** Sets the wall clock forward or, below 0, back. */
  stepWall(ms: number): void {
    this.#wallOffsetMs += ms
  }

  #moveTo(nowMs: number): void {
    if (this.wallStands) this.#wallOffsetMs -= nowMs - this.#nowMs
    this.#nowMs = nowMs
  }

  #nextTimer(): VirtualTimer | undefined {
    let next: VirtualTimer | undefined
    // Of two that are due together the one that was set first.
    for (const timer of this.#timers) if (!next || timer.atMs < next.atMs) next = timer
    return next
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
