import type { Environment, Timer } from "./environment.ts"

/** A timer that fires this much too late shows that the event loop has stood still. */
const LATE_MS = 50
/** The most time that is then given. */
const GRACE_MAX_MS = 500

/**
 * A moment at which something is judged: what has timed out, what is dead. It is judged only after
 * the answers that have arrived by then were read. If the program has kept the event loop busy past
 * that moment, it is judged later by as much, 500 ms at most: requests may not even have been sent.
 */
export class Alarm {
  readonly #environment: Environment
  readonly #judge: () => void
  readonly #isBackground: boolean
  #timer: Timer | undefined
  #hasGrace = false
  /** Counts what was armed, so that what was disarmed meanwhile does not fire. */
  #round = 0

  /** The moment it is armed for; Infinity when it is not. */
  atMs: number = Infinity
  /** When the event loop went on after it had stood still; nothing can have come before. */
  wokeMs: number = -Infinity

  /** @param isBackground whether the process may end before it */
  constructor(environment: Environment, judge: () => void, isBackground = false) {
    this.#isBackground = isBackground
    this.#environment = environment
    this.#judge = judge
  }

  /** @param atMs monotonic milliseconds, in place of the moment it is armed for */
  arm(atMs: number, nowMs: number): void {
    this.disarm()
    this.#hasGrace = true
    this.#set(atMs, nowMs)
  }

  disarm(): void {
    this.#round++
    this.#timer?.cancel()
    this.#timer = undefined
    this.atMs = Infinity
  }

  #set(atMs: number, nowMs: number): void {
    this.atMs = atMs
    const delayMs = Math.max(0, atMs - nowMs)
    const fire = (): void => this.#fire()
    this.#timer = this.#isBackground
      ? this.#environment.afterInBackground(delayMs, fire)
      : this.#environment.after(delayMs, fire)
  }

  #fire(): void {
    const nowMs = this.#environment.monotonicMs()
    const lateMs = nowMs - this.atMs
    if (lateMs >= LATE_MS && this.#hasGrace) {
      this.#hasGrace = false
      this.wokeMs = nowMs
      this.#set(nowMs + Math.min(lateMs, GRACE_MAX_MS), nowMs)
      return
    }
    const round = this.#round
    this.#environment.afterReads(() => {
      if (round !== this.#round) return
      this.disarm()
      this.#judge()
    })
  }
}
