import { COUNT_MAX } from "../protocol/index.ts"
import type { Call } from "./call.ts"
import { DueSet } from "./due-set.ts"
import type { Environment } from "./environment.ts"
import type { FirnError } from "./errors.ts"
import type { Halves } from "./halves.ts"

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
  #isClosed = false

  /** The id that was taken last. */
  high = 0
  low = 0

  constructor(parts: PrefetchParts) {
    this.#parts = parts
    this.#waiting = new DueSet(parts.environment, (call) => call.timeOut())
  }

  /** Takes an id: `high` and `low`. @returns false when none is at hand */
  take(): boolean {
    const { environment } = this.#parts
    const now = environment.monotonicMs()
    const wallMs = environment.wallMs()
    for (;;) {
      const { left, staleAtMs, staleAtWallMs } = this.#block
      if (left > 0 && staleAtMs > now && staleAtWallMs > wallMs) break
      if (this.#nextBlock()) continue
      this.#fillUp(now)
      return false
    }
    const block = this.#block
    this.high = block.high
    this.low = block.low++
    block.left--
    this.#atHand--
    this.#fillUp(now)
    return true
  }

  /** Keeps a call until there is an id for it. */
  wait(call: Call): void {
    this.#waiting.add(call, call.deadlineMs)
    this.#fillUp(this.#parts.environment.monotonicMs())
  }

  close(error: FirnError): void {
    this.#isClosed = true
    for (const call of this.#waiting.takeAll()) call.fail(error)
  }

  #nextBlock(): boolean {
    this.#atHand -= this.#block.left
    const block = this.#blocks.shift()
    this.#block = block ?? NO_BLOCK
    return block !== undefined
  }

  #fillUp(nowMs: number): void {
    if (this.#isClosed) return
    const spare = this.#atHand + this.#underWay - this.#waiting.size
    if (spare > this.#parts.size / 2) return
    let wanted = this.#parts.size - spare
    for (; wanted > 0; wanted -= COUNT_MAX) {
      void this.#fetch(Math.min(wanted, COUNT_MAX), nowMs)
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
    } catch {
      this.#missed(count)
      return
    }
    this.#underWay -= count
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
    this.#atHand += block.left
    this.#blocks.push(block)
    this.#fillUp(this.#parts.environment.monotonicMs())
  }
}
