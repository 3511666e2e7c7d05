import { COUNT_MAX } from "../protocol/index.ts"
import type { Call } from "./call.ts"
import { DueSet } from "./due-set.ts"
import type { Environment, Timer } from "./environment.ts"
import type { FirnError } from "./errors.ts"
import type { Halves } from "./halves.ts"
import { PREFETCH_SIZE_MAX, requiredWholeNumber } from "./options.ts"
import type { PrefetchStats } from "./stats.ts"

export interface PrefetchParts {
  /** How many ids are kept at hand. */
  readonly size: number
  readonly ttlMs: number
  readonly environment: Environment
  /** Gets a block of so many ids. */
  readonly fetch: (count: number) => Promise<Halves>
  /** Sends a call by itself. It waited for a block that could not be had. */
  readonly dispatch: (call: Call) => void
}

interface Block {
  readonly high: number
  low: number
  left: number
  /** When it is thrown away: by the monotonic clock, or by the system's, whichever comes first. */
  readonly staleAtMs: number
  readonly staleAtWallMs: number
}

/**
 * Where some ids have to be at hand at all times, those that would be thrown away within half of
 * `ttlMs` are replaced; it is looked at in each quarter of it.
 */
const QUARTERS = 4
const REFRESH_MIN_MS = 10
/** After so long in which most ids were not needed, half as many are kept. */
const IDLE_TTLS = 10

const NO_BLOCK: Block = {
  high: 0,
  low: 0,
  left: 0,
  staleAtMs: Infinity,
  staleAtWallMs: Infinity,
}

/**
 * Ids at hand, fetched in blocks. Once half of them are used, more are fetched. Ids that were asked
 * for `ttlMs` ago or longer are thrown away, so that none is older when it is used: by two clocks,
 * since the monotonic one stands still while the machine sleeps and the system's is set. A call that
 * waited for a block gets an id of it whatever its age, as if it had asked itself.
 */
export class Prefetch {
  readonly #parts: PrefetchParts
  readonly #waiting: DueSet
  #block: Block = NO_BLOCK
  /** The blocks after it, oldest first. */
  #blocks: Block[] = []
  /** Ids in all of these. */
  #atHand = 0
  /** Ids that are asked for and have not come. */
  #underWay = 0
  readonly #fetches = new Set<Promise<void>>()
  /** Why the last request for ids failed. */
  #failure: unknown
  /** How many ids are kept at hand: more than `size` when they were used up. */
  #size: number
  /** More are kept, and none have come since. */
  #hasGrown = false
  /** Set once ids were taken by `takeNow`, for which some have to be at hand at all times. */
  #refresh: Timer | undefined
  /** Ids taken in this quarter of `ttlMs`, and when it ends. */
  #taken = 0
  #quarterEndMs = -Infinity
  /** When so many were taken last that all of what is kept is needed. */
  #busyMs = -Infinity
  #used = 0
  #isClosed = false

  /** The id that was taken last. */
  high = 0
  low = 0

  constructor(parts: PrefetchParts) {
    this.#parts = parts
    this.#size = parts.size
    this.#waiting = new DueSet(parts.environment, (call) => call.timeOut())
  }

  get stats(): PrefetchStats {
    return { size: this.#size, atHand: this.#atHand, used: this.#used }
  }

  /** Takes an id: `high` and `low`. @returns false when none is at hand */
  take(): boolean {
    const { environment } = this.#parts
    const now = environment.monotonicMs()
    const wallMs = environment.wallMs()
    for (;;) {
      const { left, staleAtMs, staleAtWallMs } = this.#block
      if (left > 0 && staleAtMs > now && staleAtWallMs > wallMs) break
      const isUsedUp = left === 0 && this.#block !== NO_BLOCK
      if (this.#nextBlock()) continue
      if (isUsedUp) this.#grow(now)
      this.#fillUp(now)
      return false
    }
    const block = this.#block
    this.high = block.high
    this.low = block.low++
    block.left--
    this.#atHand--
    if (now >= this.#quarterEndMs) this.#endQuarter(now)
    this.#taken++
    this.#used++
    this.#fillUp(now)
    return true
  }

  /**
   * The same for callers that cannot wait. From the first such call on, ids are kept at hand also
   * while none are used.
   * @param count how many are wanted in all
   */
  takeNow(count: number): boolean {
    if (this.#refresh === undefined) this.#setRefresh()
    const isShort = this.#atHand > 0 && this.#atHand < count
    if (!isShort && this.take()) return true
    const nowMs = this.#parts.environment.monotonicMs()
    if (isShort) this.#grow(nowMs)
    this.#size = Math.max(this.#size, count)
    this.#fillUp(nowMs)
    return false
  }

  /**
   * Takes several, all or none.
   * @returns undefined when too few are at hand
   * @throws FirnError INVALID_ARGUMENT
   */
  takeMany<Id>(count: number, convert: (high: number, low: number) => Id): Id[] | undefined {
    requiredWholeNumber("count", count, 0, PREFETCH_SIZE_MAX)
    const ids: Id[] = []
    while (ids.length < count) {
      if (!this.takeNow(count - ids.length)) return undefined
      ids.push(convert(this.high, this.low))
    }
    return ids
  }

  /** Waits until what is to be at hand is there. @throws FirnError when nothing could be had */
  async fill(): Promise<void> {
    this.#fillUp(this.#parts.environment.monotonicMs())
    await Promise.all(this.#fetches)
    if (this.#atHand === 0 && this.#failure !== undefined) throw this.#failure as FirnError
  }

  /** Keeps a call until there is an id for it. */
  wait(call: Call): void {
    this.#waiting.add(call, call.deadlineMs)
    this.#fillUp(this.#parts.environment.monotonicMs())
  }

  close(error: FirnError): void {
    this.#isClosed = true
    this.#refresh?.cancel()
    for (const call of this.#waiting.takeAll()) call.fail(error)
  }

  #nextBlock(): boolean {
    this.#atHand -= this.#block.left
    const block = this.#blocks.shift()
    this.#block = block ?? NO_BLOCK
    return block !== undefined
  }

  #setRefresh(): void {
    const { environment, ttlMs } = this.#parts
    const delayMs = Math.max(REFRESH_MIN_MS, ttlMs / QUARTERS)
    this.#refresh = environment.afterInBackground(delayMs, () => {
      const nowMs = environment.monotonicMs()
      if (nowMs >= this.#quarterEndMs) this.#endQuarter(nowMs)
      const freshUntilMs = nowMs + ttlMs / 2
      let old = 0
      for (const { left, staleAtMs } of [this.#block, ...this.#blocks]) {
        if (staleAtMs <= freshUntilMs) old += left
      }
      this.#fillUp(nowMs, old)
      this.#setRefresh()
    })
  }

  /** All were used before more had come: twice as many are kept from now on. */
  #grow(nowMs: number): void {
    this.#busyMs = nowMs
    if (this.#hasGrown) return
    this.#hasGrown = true
    this.#size = Math.min(PREFETCH_SIZE_MAX, 2 * this.#size)
  }

  /** What was needed once is not kept for ever. */
  #endQuarter(nowMs: number): void {
    const { size, ttlMs } = this.#parts
    if (this.#taken >= this.#size / 8) this.#busyMs = this.#quarterEndMs
    this.#taken = 0
    this.#quarterEndMs = nowMs + ttlMs / QUARTERS
    const idleMs = IDLE_TTLS * ttlMs
    while (this.#size > size && nowMs - this.#busyMs >= idleMs) {
      this.#size = Math.max(size, Math.ceil(this.#size / 2))
      this.#busyMs += idleMs
    }
  }

  /** @param old how many of the ids at hand are not counted */
  #fillUp(nowMs: number, old = 0): void {
    if (this.#isClosed) return
    const spare = this.#atHand - old + this.#underWay - this.#waiting.size
    if (spare > this.#size / 2) return
    let wanted = this.#size - spare
    for (; wanted > 0; wanted -= COUNT_MAX) {
      const fetch = this.#fetch(Math.min(wanted, COUNT_MAX), nowMs)
      this.#fetches.add(fetch)
      void fetch.finally(() => this.#fetches.delete(fetch))
    }
  }

  async #fetch(count: number, nowMs: number): Promise<void> {
    this.#underWay += count
    const { environment, ttlMs } = this.#parts
    const staleAtMs = nowMs + ttlMs
    const staleAtWallMs = environment.wallMs() + ttlMs
    let first: Halves
    try {
      first = await this.#parts.fetch(count)
    } catch (error) {
      this.#failure = error
      this.#missed(count)
      return
    }
    this.#underWay -= count
    this.#failure = undefined
    this.#arrived({ ...first, left: count, staleAtMs, staleAtWallMs })
  }

  /** The calls that wait are sent by themselves: each gets an answer or an error of its own. */
  #missed(count: number): void {
    this.#underWay -= count
    if (this.#underWay > 0) return
    for (const call of this.#waiting.takeAll()) this.#parts.dispatch(call)
  }

  #arrived(block: Block): void {
    for (const call of this.#waiting.calls) {
      if (block.left === 0) break
      block.left--
      call.succeed(block.high, block.low++)
    }
    this.#hasGrown = false
    this.#atHand += block.left
    this.#blocks.push(block)
    this.#fillUp(this.#parts.environment.monotonicMs())
  }
}
