import { COUNT_MAX, Status, TIME_MAX, idHigh, idLowBase } from "../../protocol/index.ts"
import type { Environment } from "../environment.ts"
import { Outcome } from "../exchange.ts"
import type { AnswerSlot } from "../exchange.ts"
import { TIME_LIMIT } from "./reservation.ts"
import type { Reservation } from "./reservation.ts"
import type { TrustedClock } from "./trusted-clock.ts"

/** How far a burst may take the time ahead of the clock that paces it. */
export const BURST_MS = 10

/** Behind the start of a millisecond there is room for twice what was used lately, less one. */
const ROOM_FACTOR = 2
/** How fast what was used is forgotten: by an eighth with each millisecond that has ids. */
const FORGET_SHIFT = 3

/** While the mark is being written: how long to wait before asking again. */
const MARK_POLL_MS = 5

export interface GeneratorOptions {
  readonly nodeId: number
  /** Unix milliseconds */
  readonly epochMs: number
  /** The stored mark this process found: no id has a time at or past it. */
  readonly mark: number
  readonly reservation: Reservation
  /** How far ahead of the wall clock ids may be, in milliseconds. */
  readonly maxClockLeadMs: number
  /** How far behind it they may be while a later mark is being stored. */
  readonly maxClockLagMs: number
  readonly clock: TrustedClock
  readonly environment: Environment
}

/**
 * Gives out ids that increase strictly. Its time is a logical clock: it follows the wall clock
 * forward, as far as that is believed, never goes back, and stays below the bound of the reservation.
 *
 *     generator.begin()                                // reads the clock; once for any number of takes
 *     const outcome = generator.take(count, answer)    // Status.OK: the first id is in `answer`
 *
 * Times are milliseconds since the epoch. `README.md` beside this file argues why no id repeats.
 */
export class Generator {
  readonly #nodeId: number
  readonly #epochMs: number
  readonly #maxClockLeadMs: number
  readonly #maxClockLagMs: number
  readonly #clock: TrustedClock
  readonly #environment: Environment
  readonly #reservation: Reservation

  /** The believed wall clock, as `begin` read it. */
  #wall: number
  #time: number
  /** The halves of the id with sequence 0 of this millisecond. */
  #high = 0
  #lowBase = 0
  /** The sequence at which ids of this millisecond began, and the next one. */
  #first = COUNT_MAX
  #next = COUNT_MAX
  /** Ids given out, but for those of this millisecond. */
  #issued = 0
  /** The most ids of one millisecond lately. */
  #usedLately = 0
  #lastIssuedTime: number
  /** The time may move up to here. */
  #ceiling: number
  /** The wall clock is behind by more than a burst: the monotonic clock sets the pace. */
  #paced = false
  #pacedAtMs = 0
  /** What keeps all ids back, whatever is left of this millisecond; Status.OK: nothing does. */
  #hold: Status | typeof Outcome.WAIT = Status.OK
  #isStopped = false

  constructor(options: GeneratorOptions) {
    const { mark, reservation } = options
    this.#nodeId = options.nodeId
    this.#epochMs = options.epochMs
    this.#maxClockLeadMs = options.maxClockLeadMs
    this.#maxClockLagMs = options.maxClockLagMs
    this.#clock = options.clock
    this.#environment = options.environment
    this.#reservation = reservation
    // As if the millisecond before the mark were used up: the first ids are of the mark's own.
    this.#time = mark - 1
    this.#wall = mark - 1
    this.#lastIssuedTime = mark - 1
    this.#ceiling = mark - 1 + BURST_MS
  }

  /** The wall clock as `begin` read it, believed or not, Unix milliseconds. */
  get wallMs(): number {
    return this.#clock.wallMs
  }

  /** How far the node's time is ahead of the wall clock, in milliseconds; 0 when it is not. */
  get leadMs(): number {
    return Math.max(0, this.#time - this.#wall)
  }

  /** How far behind the wall clock the last id below the bound would be; 0 when it would not. */
  get lagMs(): number {
    return Math.max(0, this.#wall - (this.#reservation.bound - 1))
  }

  /** How many ids this process has given out. */
  get issued(): number {
    return this.#issued + this.#next - this.#first
  }

  /** How long ids could go on if no later mark were stored, in milliseconds; 0 when they could not. */
  get headroomMs(): number {
    return Math.max(0, this.#reservation.bound - 1 - Math.max(this.#time, this.#wall))
  }

  /** Whether the format has no later time to give. */
  get ended(): boolean {
    return this.#time >= TIME_MAX || this.#wall >= TIME_LIMIT
  }

  /** Reads the clock and moves the time along with it. */
  begin(): void {
    if (this.#isStopped) return
    const now = this.#clock.read()
    if (now === -Infinity) {
      this.#hold = Status.NOT_READY
      return
    }
    const wall = now - this.#epochMs
    this.#wall = wall
    this.#reservation.ensure(wall, this.#time)
    this.#hold = Status.OK
    const lead = this.#time - wall
    if (lead > BURST_MS) {
      this.#pace(lead)
      return
    }
    this.#paced = false
    this.#ceiling = wall + BURST_MS
    if (lead >= 0) return
    if (wall < this.#reservation.bound) this.#enterWall(wall)
    else this.#lag(-lead)
  }

  /**
   * Takes `count` consecutive ids, 1 to 4,096, of one millisecond.
   * @returns Status.OK, with the first id in `answer`; or the status of a refusal, which is in
   * `answer` too, with its detail; or `Outcome.WAIT`, which leaves `answer` as it was
   */
  take(count: number, answer: AnswerSlot): Outcome {
    if (this.#hold !== Status.OK || this.#next + count > COUNT_MAX) {
      const obstacle = this.#obstacle()
      if (obstacle === Outcome.WAIT) return obstacle
      if (obstacle !== Status.OK) return answer.refuse(obstacle, this.refusalDetail)
      this.#enter(this.#time + 1)
    }
    answer.status = Status.OK
    answer.high = this.#high
    answer.low = this.#lowBase + this.#next
    this.#next += count
    return Status.OK
  }

  /** Whether a `take` of `count` ids would return `Outcome.WAIT` now. */
  mustWait(count: number): boolean {
    const isShort = this.#hold !== Status.OK || this.#next + count > COUNT_MAX
    return isShort && this.#obstacle() === Outcome.WAIT
  }

  /** After `Outcome.WAIT`: in how many milliseconds to try again. */
  get waitMs(): number {
    const short = this.#time + 1 - this.#ceiling
    return short > 0 ? Math.ceil(short) : MARK_POLL_MS
  }

  /** Whether a request would be refused now, and with what; reads the clock. */
  refusal(): Status {
    this.begin()
    if (this.#hold !== Status.OK && this.#hold !== Outcome.WAIT) return this.#hold
    return this.#markUsedUp() && this.#reservation.stuck ? Status.NOT_READY : Status.OK
  }

  /** The value that goes with a refusal: for CLOCK_BEHIND the milliseconds until ids are back. */
  get refusalDetail(): number {
    return this.#hold === Status.CLOCK_BEHIND ? this.leadMs - this.#maxClockLeadMs : 0
  }

  /**
   * Ends the giving out of ids for good.
   * @returns the exact mark to store: the time after that of the last id.
   */
  stop(): number {
    this.#retire()
    this.#isStopped = true
    this.#hold = Status.NOT_READY
    return this.#lastIssuedTime + 1
  }

  /** Why the time cannot move on to the next millisecond; Status.OK when it can. */
  #obstacle(): Status | typeof Outcome.WAIT {
    if (this.#hold !== Status.OK) return this.#hold
    if (this.#markUsedUp()) return this.#reservation.stuck ? Status.NOT_READY : Outcome.WAIT
    return this.#time + 1 > this.#ceiling ? Outcome.WAIT : Status.OK
  }

  #markUsedUp(): boolean {
    return this.#time + 1 >= this.#reservation.bound
  }

  /**
   * The wall clock is behind. The ceiling is a token bucket: it rises with the monotonic clock. It
   * is never more than a burst ahead of the time, so that idle minutes are not saved up.
   */
  #pace(lead: number): void {
    const now = this.#environment.monotonicMs()
    const passedMs = this.#paced ? now - this.#pacedAtMs : 0
    this.#ceiling = Math.min(this.#ceiling + passedMs, this.#time + BURST_MS)
    this.#paced = true
    this.#pacedAtMs = now
    if (lead > this.#maxClockLeadMs) this.#hold = Status.CLOCK_BEHIND
    // Use alone never takes the time past the permitted lead: requests wait there, unrefused.
    else this.#ceiling = Math.min(this.#ceiling, this.#wall + this.#maxClockLeadMs)
  }

  /**
   * The wall clock is past the bound, so the time moves on by use alone until a later mark is stored.
   * Nobody knows when that will be if the store is stuck: ids would get older and older.
   */
  #lag(lagMs: number): void {
    if (this.#reservation.stuck) this.#hold = Status.NOT_READY
    else if (lagMs > this.#maxClockLagMs) this.#hold = Outcome.WAIT
  }

  /**
   * Moves the time to the clock's. The sequence begins anywhere from where there is room for what is
   * used in a millisecond lately, so that `id % n` is spread evenly: see "Where a millisecond begins"
   * in `README.md`.
   */
  #enterWall(wall: number): void {
    this.#enter(wall)
    const room = Math.max(1, ROOM_FACTOR * this.#usedLately - 1)
    const lastStart = COUNT_MAX - room
    if (lastStart <= 0) return
    this.#first = this.#next = Math.floor(this.#environment.random() * (lastStart + 1))
  }

  /** The one place where the time moves. */
  #enter(time: number): void {
    if (time <= this.#time || time >= this.#reservation.bound) {
      throw new Error(`time ${time} is not between ${this.#time} and the bound`)
    }
    this.#retire()
    this.#time = time
    this.#high = idHigh(time)
    this.#lowBase = idLowBase(time, this.#nodeId)
    this.#first = this.#next = 0
  }

  /** Gives up what is left of this millisecond. */
  #retire(): void {
    const used = this.#next - this.#first
    this.#issued += used
    if (used > 0) {
      this.#lastIssuedTime = this.#time
      const lately = this.#usedLately
      this.#usedLately = Math.max(used, lately - Math.max(1, lately >> FORGET_SHIFT))
    }
    this.#first = this.#next = COUNT_MAX
  }
}
