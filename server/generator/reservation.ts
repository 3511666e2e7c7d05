import { TIME_MAX } from "../../protocol/index.ts"
import type { Environment } from "../environment.ts"

/** How far past the wall clock the mark is written. */
export const RESERVE_MS = 3_000
/** The mark is extended when less than this is left of it. */
export const RESERVE_LOW_MS = 2_000
/**
 * The same two, past the node's own time, for when that is ahead of the wall clock (after a crash,
 * or a clock that stepped back). They are small because a start after a crash begins at the mark:
 * with the full reserve a handful of quick crashes would take the time past its permitted lead.
 */
export const AHEAD_RESERVE_MS = 100
export const AHEAD_RESERVE_LOW_MS = 50

/** How long to wait after a failed write before the next try. */
const RETRY_MS = 500
/** A write under way for longer than this counts as failing. */
export const WRITE_PATIENCE_MS = 1_000

/** The first time that the format has no room for. */
export const TIME_LIMIT: number = TIME_MAX + 1

/** Where the high-water mark is kept. */
export interface MarkStore {
  /**
   * Makes `mark` durable, then calls `done`: without an error only if it would survive a power cut.
   * One call is under way at a time.
   */
  extend(mark: number, done: (error?: Error) => void): void
}

export interface ReservationEvents {
  /** The mark could not be extended. Called for the first failed try, not for those after it. */
  failed(error: Error): void
  /** The mark has been extended again after `failed`. */
  recovered(): void
}

/** The mark to store at this wall clock and this time of the node. */
export function reservedUpTo(wall: number, time: number): number {
  return Math.min(Math.max(wall + RESERVE_MS, time + AHEAD_RESERVE_MS), TIME_LIMIT)
}

/**
 * The durable reservation: `bound` is a high-water mark known to be stored, and no id may carry a
 * time at or past it. It moves only after the write of a later mark has succeeded, and never again
 * once the identity is lost.
 */
export class Reservation {
  bound: number
  readonly #store: MarkStore
  readonly #environment: Environment
  readonly #events: ReservationEvents
  #writing = false
  #writingSinceMs = 0
  #failed = false
  #retryAtMs = 0
  #lost: string | undefined

  /** @param bound a mark that is stored already */
  constructor(
    bound: number,
    store: MarkStore,
    environment: Environment,
    events: ReservationEvents,
  ) {
    this.bound = bound
    this.#store = store
    this.#environment = environment
    this.#events = events
  }

  /** The first mark of this process has been stored. */
  begin(mark: number): void {
    if (this.#lost === undefined) this.bound = mark
  }

  /** Starts to extend the mark if too little is left of it; does not wait for the write. */
  ensure(wall: number, time: number): void {
    const low = Math.max(wall + RESERVE_LOW_MS, time + AHEAD_RESERVE_LOW_MS)
    if (this.bound >= low || this.#writing || this.#isFinal) return
    if (this.#failed && this.#environment.monotonicMs() < this.#retryAtMs) return
    this.#write(reservedUpTo(wall, time))
  }

  /**
   * Another process has the node id and the mark now, and begins at or past `bound`. This process
   * may still use up the ids below `bound`, which never moves again, even if a write that is under
   * way succeeds.
   */
  lose(reason: string): void {
    this.#lost = reason
  }

  /** The reason given to `lose`; undefined as long as the identity is this process's. */
  get lost(): string | undefined {
    return this.#lost
  }

  /** Whether nobody knows when the bound will move: writes fail or hang, or it never moves again. */
  get stuck(): boolean {
    if (this.#failed || this.#isFinal) return true
    return (
      this.#writing && this.#environment.monotonicMs() - this.#writingSinceMs > WRITE_PATIENCE_MS
    )
  }

  /** Whether the bound never moves again. */
  get #isFinal(): boolean {
    return this.#lost !== undefined || this.bound >= TIME_LIMIT
  }

  #write(mark: number): void {
    this.#writing = true
    this.#writingSinceMs = this.#environment.monotonicMs()
    this.#store.extend(mark, (error) => {
      this.#writing = false
      // Whatever came of it, the bound stays.
      if (this.#lost !== undefined) return
      if (error !== undefined) this.#fail(error)
      else this.#succeed(mark)
    })
  }

  #succeed(mark: number): void {
    this.bound = mark
    if (!this.#failed) return
    this.#failed = false
    this.#events.recovered()
  }

  #fail(error: Error): void {
    this.#retryAtMs = this.#environment.monotonicMs() + RETRY_MS
    if (this.#failed) return
    this.#failed = true
    this.#events.failed(error)
  }
}
