/** So many answers in a row that are late or missing make a peer an outlier. */
export const STRIKES_MAX = 5
/** The first ejection; each that follows soon is twice as long as the one before. */
const EJECTION_MIN_MS = 2_000
const EJECTION_MAX_MS = 60_000
/** A peer that did well for this long after an ejection starts again at the shortest. */
const FORGIVEN_AFTER_MS = 60_000

/**
 * Outlier detection as in Envoy: a peer that passes its checks and does not give ids in time is
 * ejected for a while, each time for longer.
 */
export class Outlier {
  #strikes = 0
  #lastStrikeMs = -Infinity
  #ejectionMs = EJECTION_MIN_MS
  #untilMs = -Infinity

  /** Whether the last ejection, if any, is over. */
  isOver(nowMs: number): boolean {
    return nowMs >= this.#untilMs
  }

  /**
   * An answer is late or missing. Requests that were sent before the last strike fail for the same
   * reason as that, so they are none of their own.
   * @returns whether it is time to eject the peer
   */
  strike(sentAtMs: number, nowMs: number): boolean {
    if (sentAtMs >= this.#lastStrikeMs) {
      this.#strikes++
      this.#lastStrikeMs = nowMs
    }
    return this.#strikes >= STRIKES_MAX
  }

  /** An answer came in time, which ends an ejection too. */
  pardon(nowMs: number): void {
    this.#strikes = 0
    this.#untilMs = Math.min(this.#untilMs, nowMs)
  }

  /** @returns for how long, unless it answers in time before */
  eject(nowMs: number): number {
    const isForgiven = nowMs - this.#untilMs >= FORGIVEN_AFTER_MS
    const ejectionMs = isForgiven ? EJECTION_MIN_MS : this.#ejectionMs
    this.#ejectionMs = Math.min(ejectionMs * 2, EJECTION_MAX_MS)
    this.#untilMs = nowMs + ejectionMs
    // It comes back on trial.
    this.#strikes = STRIKES_MAX - 1
    return ejectionMs
  }
}
