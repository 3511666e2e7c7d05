import type { Logger } from "pino"
import type { Environment } from "./environment.ts"
import type { Doubt, TrustedClock } from "./generator/trusted-clock.ts"
import type { Membership } from "./peers/membership.ts"

/** A doubt that lasts is logged again after this. */
const REPEAT_MS = 30_000
/** Doubts that come one after the other, as of a clock that strobes, are not logged more often. */
const LINE_EVERY_MS = 1_000

/**
 * Has the other nodes judge a wall clock that is in doubt, and says what comes of it. A clock that
 * most of them hold to be too far ahead is not followed; in a start there are then no ids.
 */
export class ClockWatch {
  readonly #clock: TrustedClock
  readonly #membership: Membership
  readonly #environment: Environment
  readonly #log: Logger
  #isAsking = false
  /** The doubt that was logged, and how it stood. */
  #logged: Readonly<Doubt> | undefined
  #wasContradicted = false
  #loggedAtMs = -Infinity
  /** What the other nodes said when most of them last contradicted it. */
  #against = ""

  constructor(clock: TrustedClock, membership: Membership, environment: Environment, log: Logger) {
    this.#clock = clock
    this.#membership = membership
    this.#environment = environment
    this.#log = log
  }

  /** In a start, when the other nodes have been asked: without a majority against it, the clock is right. */
  start(): void {
    this.#clock.read()
    this.#judge(-Infinity, 0)
    if (this.#clock.doubt !== undefined) this.#tell(this.#clock.doubt)
  }

  /** To be called several times a second, after the clock was read. */
  look(): void {
    const { doubt } = this.#clock
    if (doubt !== undefined) {
      // Since all clocks may have been moved at once, only what they show from now on counts.
      void this.#ask(doubt.sinceMs)
      this.#judge(doubt.sinceMs)
      if (this.#clock.doubt !== undefined) {
        this.#tell(doubt)
        return
      }
    }
    if (this.#logged === undefined) return
    this.#logged = undefined
    const event = doubt === undefined ? "clock-back" : "clock-confirmed"
    const text = doubt === undefined ? "is back" : "is confirmed"
    this.#log.info({ event }, `the wall clock ${text}: ids go by it`)
  }

  /** Why there are no ids in a start with a clock that is in doubt; undefined: there are. */
  get unready(): string | undefined {
    return this.#clock.isKnown ? undefined : this.doubt
  }

  /** What is not believed of the wall clock, as a clause; undefined: all is believed. */
  get doubt(): string | undefined {
    const { doubt, isKnown } = this.#clock
    if (doubt === undefined) return undefined
    if (!isKnown) {
      return doubt.isContradicted ? this.#against : "the wall clock was moved: not confirmed yet"
    }
    return doubt.isContradicted
      ? `${this.#against}; ids go on at the pace of the monotonic clock`
      : `the wall clock has leapt ${Math.round(doubt.aheadMs)} ms ahead; ` +
          "until it is confirmed, ids go on at the pace of the monotonic clock"
  }

  #judge(sinceMs: number, standMs?: number): void {
    const { doubt, limitMs } = this.#clock
    if (doubt === undefined) return
    const now = this.#environment.monotonicMs()
    const votes = this.#membership.clocks.votes(doubt.offsetMs, limitMs, now, sinceMs)
    this.#clock.judge(votes, standMs)
    const { agreeing, contradicting, aheadMs } = votes
    if (contradicting <= agreeing) return
    const share = `${contradicting} of ${agreeing + contradicting}`
    this.#against = `the wall clock is ${Math.round(aheadMs)} ms ahead of those of ${share} nodes`
  }

  /** One round at a time. What is heard counts from the next look on. */
  async #ask(sinceMs: number): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    await this.#membership.askClocks(sinceMs)
    this.#isAsking = false
  }

  #tell(doubt: Readonly<Doubt>): void {
    const now = this.#environment.monotonicMs()
    const { isContradicted } = doubt
    const isNews = doubt !== this.#logged || isContradicted !== this.#wasContradicted
    if (now - this.#loggedAtMs < (isNews ? LINE_EVERY_MS : REPEAT_MS)) return
    this.#logged = doubt
    this.#wasContradicted = isContradicted
    this.#loggedAtMs = now
    const outlook = this.#clock.isKnown ? "" : ": no ids until it is set right"
    this.#log.warn({ event: "clock-unconfirmed" }, `${this.doubt}${outlook}`)
  }
}
