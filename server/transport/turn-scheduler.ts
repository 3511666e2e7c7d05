import type { Environment } from "../environment.ts"
import { BATCH_SIZE } from "./write-batch.ts"
import type { WriteBatch } from "./write-batch.ts"

/** The least slice of a connection, in bytes of answers: 256 frames. */
const SLICE_MIN = 2_304

/** A connection that has more to do than its slice of a turn. */
export interface Yielding {
  /** Its next slice. */
  proceed(): void
}

/**
 * Shares the turns of the event loop among the connections that have more to do than fits into one.
 * All of them together write about one batch a turn, so that a turn stays below a millisecond or two
 * whatever they have sent. One that is alone may fill the batch.
 *
 * A slice is measured by the bytes of the answers: the limit of the batch.
 */
export class TurnScheduler {
  readonly #environment: Environment
  readonly #batch: WriteBatch
  #due: Yielding[] = []
  #spare: Yielding[] = []
  /** How many had a slice in this turn. */
  #running = 0

  constructor(environment: Environment, batch: WriteBatch) {
    this.#environment = environment
    this.#batch = batch
  }

  /** Goes on in the next turn. The caller makes sure that it does not yield twice in a turn. */
  yield(connection: Yielding): void {
    if (this.#due.length === 0) this.#environment.soon(this.#nextTurn)
    this.#due.push(connection)
    this.#share(Math.max(this.#running, this.#due.length + 1))
  }

  readonly #nextTurn = (): void => {
    const due = this.#due
    this.#due = this.#spare
    this.#running = due.length
    this.#share(due.length)
    for (const connection of due) connection.proceed()
    due.length = 0
    this.#spare = due
    this.#running = 0
    this.#share(this.#due.length + 1)
  }

  #share(connections: number): void {
    this.#batch.limit = Math.max(SLICE_MIN, Math.floor(BATCH_SIZE / connections))
  }
}
