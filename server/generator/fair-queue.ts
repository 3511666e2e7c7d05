import { COUNT_MAX } from "../../protocol/index.ts"
import type { Environment, Timer } from "../environment.ts"
import { FlowHeap } from "./flow-heap.ts"
import type { Flow } from "./flow.ts"

/** How many ids a flow may be ahead of the next one: each turn ends with a write. */
export const QUANTUM = 128

/** How often the queue is searched for those that have waited too long … */
const SWEEP_MS = 50
/** … and how many of them are refused at a time: each refusal is a write. */
const REFUSALS_MAX = 128

/** Where ids come from: the generator, as far as those that wait for it are concerned. */
export interface IdSource {
  /** Reads the clock. */
  begin(): void
  /** Whether so many ids cannot be taken in this millisecond. */
  mustWait(count: number): boolean
  /** In how many milliseconds there may be ids again. */
  readonly waitMs: number
}

/**
 * Shares the ids among those that wait for them, by ids and not by turns: fair queueing with the
 * virtual time of Goyal, Vin, Cheng, "Start-time Fair Queuing" (1996), in the order of the finishes.
 * A request for n ids starts at the virtual time, or where the requests before it of the same flow
 * have moved its tag. It finishes n later, and moves the tag there. The request with the least finish
 * is next, and the virtual time is the latest start so far. So a flow that asks for little is next
 * whenever it asks, however many ask for more: those that could hold it up are the blocks that
 * started before it, and these are refused once they have waited too long.
 *
 * A block lies within one millisecond. When that of the next in turn does not fit into what is left
 * of this one, smaller requests behind it use the rest, and the next millisecond begins with it.
 *
 * Tags are looked at only while somebody waits. A timer wakes those that wait, so that waiting costs
 * no CPU.
 */
export class FairQueue {
  readonly #environment: Environment
  readonly #ids: IdSource
  readonly #timeoutMs: number
  readonly #heap = new FlowHeap()
  /** How often a request had to wait for ids. */
  waits = 0
  #virtualTime = 0
  /** The greatest tag. Once nobody waits any more, the virtual time has reached it. */
  #latestTag = 0
  #sweepAtMs = 0
  #isServing = false
  /** The flow that uses what nobody before it can use, and is not charged for that. */
  #guest: Flow | undefined
  #timer: Timer | undefined

  /** @param timeoutMs how long a request may wait before it is refused */
  constructor(environment: Environment, ids: IdSource, timeoutMs: number) {
    this.#environment = environment
    this.#ids = ids
    this.#timeoutMs = timeoutMs
  }

  /** Whether somebody waits. */
  get isBusy(): boolean {
    return this.#heap.size > 0
  }

  /**
   * How many ids a flow may take now before it is another's turn.
   */
  allowance(flow: Flow | undefined): number {
    const { first } = this.#heap
    if (first === undefined) return Infinity
    return first.finish + QUANTUM - Math.max(this.#virtualTime, flow?.tag ?? 0)
  }

  /** Notes that a flow has taken ids while others waited. */
  charge(flow: Flow, ids: number): void {
    if (flow === this.#guest) return
    flow.tag = Math.max(this.#virtualTime, flow.tag) + ids
    this.#latestTag = Math.max(this.#latestTag, flow.tag)
  }

  /**
   * Waits for ids; a flow that waits already keeps its place.
   * @returns false when it has waited too long and is to be refused
   */
  wait(flow: Flow): boolean {
    const now = this.#environment.monotonicMs()
    flow.behindSinceMs ??= now
    if (now - flow.behindSinceMs >= this.#timeoutMs) return false
    if (flow.place < 0) {
      this.waits++
      if (!this.isBusy) this.#virtualTime = this.#latestTag
      flow.start = Math.max(this.#virtualTime, flow.tag)
      flow.wanted = flow.waiter.wanted
      flow.finish = flow.start + flow.wanted
      this.#heap.add(flow)
    }
    if (!this.#isServing) this.#arm()
    return true
  }

  leave(flow: Flow): void {
    if (flow.place >= 0) this.#heap.remove(flow)
  }

  /** What OVERLOADED advises: by then as many ids were given out as are waited for now. */
  get retryAfterMs(): number {
    return Math.max(1, Math.ceil(this.#heap.wanted / COUNT_MAX))
  }

  #arm(): void {
    this.#timer ??= this.#environment.after(this.#ids.waitMs, this.#serve)
  }

  readonly #serve = (): void => {
    this.#timer = undefined
    this.#isServing = true
    try {
      this.#giveUpOverdue()
      this.#ids.begin()
      while (this.#serveNext());
    } finally {
      this.#isServing = false
      if (this.isBusy) this.#arm()
    }
  }

  /** @returns false when all that wait have to go on waiting */
  #serveNext(): boolean {
    const { first } = this.#heap
    if (first === undefined) return false
    if (!this.#ids.mustWait(first.wanted)) {
      this.#virtualTime = Math.max(this.#virtualTime, first.start)
      this.#heap.remove(first)
      first.waiter.resume(Math.max(first.wanted, this.allowance(first)))
      return true
    }
    const smaller = this.#heap.find(({ wanted }) => !this.#ids.mustWait(wanted))
    if (smaller === undefined) return false
    this.#heap.remove(smaller)
    this.#guest = smaller
    try {
      smaller.waiter.resume(Infinity)
    } finally {
      this.#guest = undefined
    }
    return true
  }

  #giveUpOverdue(): void {
    const now = this.#environment.monotonicMs()
    if (now < this.#sweepAtMs) return
    const overdue: Flow[] = []
    for (const flow of this.#heap) {
      if (now - (flow.behindSinceMs ?? now) >= this.#timeoutMs) overdue.push(flow)
      if (overdue.length === REFUSALS_MAX) break
    }
    // Of more than these the next are refused at the next millisecond.
    this.#sweepAtMs = overdue.length === REFUSALS_MAX ? now : now + SWEEP_MS
    const { retryAfterMs } = this
    for (const flow of overdue) {
      this.leave(flow)
      flow.waiter.giveUp(retryAfterMs)
    }
  }
}
