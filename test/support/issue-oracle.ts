import { SEQUENCE_MAX, SIGNED_TIME_LIMIT } from "../../protocol/index.ts"
import { BURST_MS } from "../../server/generator/generator.ts"
import { AHEAD_RESERVE_MS, RESERVE_MS } from "../../server/generator/reservation.ts"
import { CHECK_EVERY_MS, LEAP_MIN_MS, STAND_MS } from "../../server/generator/trusted-clock.ts"
import { blockName } from "./id-block.ts"
import type { IdBlock } from "./id-block.ts"

/** Sums of clock readings are rounded: late in the format the last bit of one is a microsecond. */
const ROUNDING_MS = 1e-2
/** How far past the time that was due the ids may be already when a clock leaps. */
const LEAP_SLACK_MS = CHECK_EVERY_MS + BURST_MS + 1
/** Readings that differ by less, against the monotonic clock, are of a clock that stands. */
const STEADY_MS = 1_000

/** Where a node gives out ids; times are milliseconds since the epoch. */
export interface IssueSite {
  readonly nodeId: number
  /** What the wall clock shows. */
  readonly wall: number
  readonly monotonicMs: number
  /** What the wall clock shows now is where the process begins, unless others contradict it. */
  readonly isStarting: boolean
  /** Whether another node's clock has lately shown this time or a later one. */
  isWitnessed(time: number): boolean
  /** The mark that a power cut would leave. */
  readonly durableMark: number
  /** The last mark that the process has been told is stored. */
  readonly knownMark: number
}

/** What a node is started with. */
export interface ClockLimits {
  readonly maxClockLeadMs: number
  readonly maxClockLagMs: number
}

/** A time that the wall clock was seen to show, less the monotonic clock, that it had not led to. */
interface Leap {
  offset: number
  readonly sinceMs: number
}

/** Where an id of a node stands among all its ids. */
export function ordinal({ time, sequence }: IdBlock): number {
  // From the middle of the format, so that all 54 bits fit a number exactly.
  return (time - SIGNED_TIME_LIMIT) * (SEQUENCE_MAX + 1) + sequence
}

/**
 * Knows what one node has given out, over processes that follow each other, and holds each block
 * against what is promised, at the moment it is given out.
 */
export class IssueOracle {
  /** Of the last id; -1 before there is any. */
  lastTime = -1
  readonly #site: IssueSite
  readonly #leadMaxMs: number
  readonly #lagMaxMs: number
  readonly #leapMs: number
  readonly #broken: (promise: string) => never
  #last = -Infinity
  /** The mark that the process has found. */
  #startMark = -Infinity
  /** The time that the process may have believed the wall clock to show last, and the latest. */
  #seenWall = -Infinity
  #latestWall = -Infinity
  #leaps: Leap[] = []
  /** The furthest time that any clock could have led the process to, less the monotonic clock. */
  #reach = -Infinity
  /** The least of an id's time, less the monotonic clock, since the wall clock is behind. */
  #pace = Infinity

  /** @param broken called for the first promise that is not kept */
  constructor(site: IssueSite, limits: ClockLimits, broken: (promise: string) => never) {
    this.#site = site
    this.#leadMaxMs = Math.max(limits.maxClockLeadMs, BURST_MS)
    this.#lagMaxMs = limits.maxClockLagMs
    this.#leapMs = Math.max(limits.maxClockLeadMs, LEAP_MIN_MS)
    this.#broken = broken
  }

  /** A process begins, at the mark it has found. */
  started(mark: number): void {
    this.#startMark = mark
    this.#seenWall = -Infinity
    this.#latestWall = mark
    this.#leaps = []
    this.#pace = Infinity
    this.#reach = mark - 1 - this.#site.monotonicMs
  }

  /** The process looks at the wall clock. */
  wallRead(): void {
    const { wall, monotonicMs } = this.#site
    const offset = wall - monotonicMs
    if (this.#mayLead(wall, offset, monotonicMs)) this.#reach = Math.max(this.#reach, offset)
    this.#seenWall = Math.min(wall, Math.ceil(this.#reach + monotonicMs))
    this.#latestWall = Math.max(this.#latestWall, this.#seenWall)
    if (this.lastTime - wall <= BURST_MS) this.#pace = Infinity
  }

  /** A mark is about to be stored; the last one of a process that stops in order is exact. */
  markAsked(mark: number, isLast: boolean): void {
    if (isLast) {
      if (mark <= this.lastTime) this.#breaks(`the exact mark ${mark} is not past the last id`)
      return
    }
    const time = Math.max(this.lastTime + BURST_MS, this.#latestWall)
    const limit = Math.max(this.#seenWall + RESERVE_MS, time + AHEAD_RESERVE_MS)
    if (mark > limit) this.#breaks(`the mark ${mark} is further ahead than ${limit}`)
    if (mark < this.#site.knownMark) this.#breaks(`the mark ${mark} is before the one stored`)
  }

  issued(block: IdBlock): void {
    const { nodeId, wall, durableMark } = this.#site
    const { time, sequence, count } = block
    const first = ordinal(block)
    const leadMs = time - wall
    if (block.node !== nodeId) this.#breaks("an id of another node", block)
    if (first <= this.#last) this.#breaks("an id is not above the last one", block)
    if (time < this.#startMark) this.#breaks("an id is before the mark of its start", block)
    if (sequence + count > SEQUENCE_MAX + 1) this.#breaks("a block is of two times", block)
    if (time >= durableMark) this.#breaks(`an id is at or past the mark ${durableMark}`, block)
    if (leadMs > this.#leadMaxMs) this.#breaks(`an id is ${leadMs} ms ahead of the clock`, block)
    this.#checkLag(block, -leadMs)
    this.#checkPace(block, leadMs)
    this.#last = first + count - 1
    this.lastTime = time
  }

  /** Whether the process may let the wall clock lead it to what it shows now. */
  #mayLead(wall: number, offset: number, monotonicMs: number): boolean {
    const due = Math.max(this.#reach + monotonicMs, this.#latestWall)
    if (this.#site.isStarting || wall - due <= this.#leapMs + ROUNDING_MS) return true
    const leap = this.#leaps.find((seen) => Math.abs(seen.offset - offset) <= STEADY_MS)
    if (leap === undefined) this.#leaps.push({ offset, sinceMs: monotonicMs })
    else leap.offset = offset
    const hasStood = leap !== undefined && monotonicMs - leap.sinceMs >= STAND_MS
    return hasStood || this.#site.isWitnessed(wall - this.#leapMs)
  }

  /** An id is behind the clock only while the mark is as well, or while a leap is not confirmed. */
  #checkLag(block: IdBlock, lagMs: number): void {
    // A time that is further behind may be held back since the clock has leapt.
    if (lagMs <= 0 || lagMs > this.#leapMs - LEAP_SLACK_MS) return
    if (this.#site.wall < this.#site.knownMark) {
      this.#breaks(`an id is ${lagMs} ms behind the clock, and the mark is not`, block)
    }
    if (lagMs > this.#lagMaxMs) this.#breaks(`an id is ${lagMs} ms behind the clock`, block)
  }

  /** No id is past where a clock led. While the wall clock is behind, the monotonic one leads. */
  #checkPace(block: IdBlock, leadMs: number): void {
    const ahead = block.time - this.#site.monotonicMs
    if (ahead > this.#reach + BURST_MS + ROUNDING_MS) {
      this.#breaks(`an id is ${ahead - this.#reach} ms past where any clock led`, block)
    }
    if (leadMs <= BURST_MS) return
    if (ahead > this.#pace + BURST_MS + ROUNDING_MS) {
      this.#breaks(`the time outran the monotonic clock by ${ahead - this.#pace} ms`, block)
    }
    this.#pace = Math.min(this.#pace, ahead)
  }

  #breaks(promise: string, block?: IdBlock): never {
    const what = block === undefined ? "" : `: ${blockName(block)}`
    return this.#broken(`node ${this.#site.nodeId}: ${promise}${what}`)
  }
}
