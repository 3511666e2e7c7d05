import type { Histogram } from "../metrics/histogram.ts"

/** A peer may always take this long: a busy machine stops now and then. */
const PATIENCE_MIN_MS = 250
/** For each request that waits ahead: a peer that gives fewer ids a second is late. */
const PER_REQUEST_MS = 0.25
/** So many times as long as usual is late. */
const LATE_FACTOR = 4
/** The share of a new answer in what is usual. It rises fast and falls slowly. */
const RISE_SHARE = 0.5
const FALL_SHARE = 0.125

/** How long a peer takes to give ids, and from when on it is late. */
export class AnswerTimes {
  readonly #patienceMaxMs: number
  readonly #seconds: Histogram
  /** undefined until it has answered. */
  #usualMs: number | undefined
  /** Doubles with each answer that did not come in time: the peer may have got slower. */
  #growth = 1

  /**
   * @param patienceMaxMs it is late by then, whatever is usual
   * @param seconds takes how long answers took
   */
  constructor(patienceMaxMs: number, seconds: Histogram) {
    this.#patienceMaxMs = patienceMaxMs
    this.#seconds = seconds
  }

  /** How long its next answer may take. */
  get patienceMs(): number {
    if (this.#usualMs === undefined) return this.#patienceMaxMs
    const lateMs = Math.max(PATIENCE_MIN_MS, LATE_FACTOR * this.#usualMs) * this.#growth
    return Math.min(lateMs, this.#patienceMaxMs)
  }

  /** What to go by until it has answered. */
  expect(ms: number): void {
    this.#usualMs ??= ms
  }

  /** The same behind so many requests that it has not answered yet. */
  patienceBehindMs(requests: number): number {
    return Math.min(this.patienceMs + requests * PER_REQUEST_MS, this.#patienceMaxMs)
  }

  /** An answer took so long. @returns whether it came in time */
  took(ms: number): boolean {
    this.#seconds.observe(ms / 1_000)
    const isInTime = ms <= this.patienceMs
    const usualMs = (this.#usualMs ??= ms)
    this.#usualMs += (ms - usualMs) * (ms > usualMs ? RISE_SHARE : FALL_SHARE)
    if (isInTime) this.#growth = 1
    return isInTime
  }

  /** An answer did not come in time. */
  missed(): void {
    if (this.patienceMs < this.#patienceMaxMs) this.#growth *= 2
  }
}
