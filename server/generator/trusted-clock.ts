import type { Environment } from "../environment.ts"

/** A leap of less than this is followed at once, however small the permitted lead is. */
export const LEAP_MIN_MS = 1_000
/** The wall clock is held against the monotonic one when it has moved on by this much. */
export const CHECK_EVERY_MS = 100
/** A leapt clock that moves by more than this against the monotonic one has leapt again. */
const STEADY_MS = 1_000
/** Without peers that can be asked, a leapt clock is believed when it has stood for this long. */
export const STAND_MS = 5_000

/** A reading of the wall clock that is not believed yet. Clocks are given less the monotonic one. */
export interface Doubt {
  /** Where the wall clock stands. */
  offsetMs: number
  /** How far that is ahead of the believed time; in a start, of the time before. */
  readonly aheadMs: number
  /** By the monotonic clock. */
  readonly sinceMs: number
  /** Most peers say that the wall clock is too far ahead. It is not believed, however long it stands. */
  isContradicted: boolean
}

/** How many peers hold the wall clock for possible, and how many for too far ahead. */
export interface Votes {
  readonly agreeing: number
  readonly contradicting: number
}

/**
 * The wall clock, as far as it is believed. Steps back are followed, and so are small steps ahead.
 * A leap ahead, beyond what ids may be ahead of the clock, would take the ids' time along for good.
 * It is followed only when it is confirmed: by most peers, or without peers by standing for 5 s.
 * Until then the time goes on from where it was, at the pace of the monotonic clock.
 *
 * A reading is no leap when it is within the limit of where the clock would be by now, or of where
 * it has been before. So a clock that stepped back may return at any time.
 */
export class TrustedClock {
  /** The wall clock as it was read last, believed or not, Unix milliseconds. */
  wallMs = 0
  /** How often it has stepped back. */
  stepsBack = 0
  readonly limitMs: number
  readonly #environment: Environment
  /** Where the wall clock was when it was believed last, less the monotonic clock. */
  #offsetMs = 0
  /** The same from before a step back, until the clock has caught up. A clock may return there. */
  #dueOffsetMs: number
  /** The latest time that was ever believed. */
  #latestMs: number
  /** The wall clock as it was when it was last held against the monotonic one. NaN: it always is. */
  #checkedMs = NaN
  #doubt: Doubt | undefined
  /** Whether there is a time to go by. There is none after a start with a clock that is in doubt. */
  isKnown = false

  /**
   * @param maxClockLeadMs how far ids may be ahead of the wall clock
   * @param pastMs a time, Unix milliseconds, that is known to have been reached: right before the stored mark
   */
  constructor(environment: Environment, maxClockLeadMs: number, pastMs: number) {
    this.#environment = environment
    this.limitMs = Math.max(maxClockLeadMs, LEAP_MIN_MS)
    this.#latestMs = pastMs
    this.#dueOffsetMs = pastMs - environment.monotonicMs()
  }

  /** What the wall clock shows that is not believed; undefined when it is. */
  get doubt(): Readonly<Doubt> | undefined {
    return this.#doubt
  }

  /**
   * Reads the wall clock, and the monotonic one where it is needed: at most ten times a second while
   * nothing is in doubt.
   * @returns the time that is believed, Unix milliseconds; -Infinity as long as none is
   */
  read(): number {
    const wall = this.#environment.wallMs()
    this.wallMs = wall
    const moved = wall - this.#checkedMs
    if (moved >= 0 && moved < CHECK_EVERY_MS) return wall
    if (moved < 0) this.stepsBack++
    return this.#check(wall)
  }

  /**
   * To be called again and again while there is a doubt, after `read`.
   * @param standMs for how long the clock has to stand when no side has a majority
   * @returns whether the wall clock is believed now
   */
  judge({ agreeing, contradicting }: Votes, standMs: number = STAND_MS): boolean {
    const doubt = this.#doubt
    if (doubt === undefined) return true
    const now = this.#environment.monotonicMs()
    if (contradicting > agreeing) doubt.isContradicted = true
    else if (agreeing > contradicting || this.#hasStood(doubt, now, standMs)) {
      this.#follow(Math.floor(doubt.offsetMs + now), now)
    }
    return this.#doubt === undefined
  }

  #hasStood({ isContradicted, sinceMs }: Doubt, now: number, standMs: number): boolean {
    return !isContradicted && now - sinceMs >= standMs
  }

  #check(wall: number): number {
    const now = this.#environment.monotonicMs()
    const due = Math.max(this.#dueOffsetMs + now, this.#latestMs)
    return wall - due > this.limitMs ? this.#hold(wall, now) : this.#follow(wall, now)
  }

  #follow(wall: number, now: number): number {
    this.#offsetMs = wall - now
    if (wall >= this.#latestMs) {
      this.#latestMs = wall
      this.#dueOffsetMs = this.#offsetMs
    }
    this.#checkedMs = wall
    this.#doubt = undefined
    this.isKnown = true
    return wall
  }

  #hold(wall: number, now: number): number {
    const offsetMs = wall - now
    const doubt = this.#doubt
    if (doubt === undefined || Math.abs(offsetMs - doubt.offsetMs) > STEADY_MS) {
      const aheadMs = offsetMs - (this.isKnown ? this.#offsetMs : this.#dueOffsetMs)
      this.#doubt = { offsetMs, aheadMs, sinceMs: now, isContradicted: false }
    } else doubt.offsetMs = offsetMs
    this.#checkedMs = NaN
    if (!this.isKnown) return -Infinity
    const believed = Math.floor(this.#offsetMs + now)
    this.#latestMs = Math.max(this.#latestMs, believed)
    return believed
  }
}
