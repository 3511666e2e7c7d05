import type { Environment } from "../environment.ts"
import { BATCH_SIZE } from "./write-batch.ts"
import type { WriteBatch } from "./write-batch.ts"

/** The least slice of a connection, in bytes of answers: 256 frames. */
const SLICE_MIN = 2_304
/** The most slices in a turn: as many of the least as fill a batch. */
export const SLICES_MAX: number = Math.floor(BATCH_SIZE / SLICE_MIN)

/** A slice has at most one request for so many bytes of answers. */
const BYTES_PER_REQUEST = 64

/** A connection that has more to do than its slice of a turn. */
export interface Yielding {
  /** Its next slice. */
  proceed(): void
}

/**
 * Shares the turns of the event loop among the connections that have more to do than fits into one.
 * All of them together write about one batch a turn, so that a turn stays below a millisecond or two
 * whatever they have sent. One that is alone may fill the batch. Of very many some go on in this turn
 * and the others in the next ones.
 *
 * A slice is measured by the bytes of the answers: the limit of the batch.
 */
export class TurnScheduler {
  readonly #environment: Environment
  readonly #batch: WriteBatch
  /** In the order in which they yielded. */
  readonly #due: Yielding[] = []
  /** How many had a slice in this turn. */
  #running = 0

  constructor(environment: Environment, batch: WriteBatch) {
    this.#environment = environment
    this.#batch = batch
  }

  /** How many requests a slice may have. */
  get requestsMax(): number {
    return this.#batch.limit / BYTES_PER_REQUEST
  }

  /** Goes on in one of the next turns. The caller makes sure that it does not yield twice in a turn. */
  yield(connection: Yielding): void {
    if (this.#due.push(connection) === 1 && this.#running === 0) {
      this.#environment.soon(this.#nextTurn)
    }
    this.#share(Math.max(this.#running, this.#due.length + 1))
  }

  readonly #nextTurn = (): void => {
    const running = this.#due.splice(0, SLICES_MAX)
    this.#running = running.length
    this.#share(running.length)
    for (const connection of running) connection.proceed()
    this.#running = 0
    if (this.#due.length > 0) this.#environment.soon(this.#nextTurn)
    this.#share(this.#due.length + 1)
  }

  #share(connections: number): void {
    this.#batch.limit = Math.max(SLICE_MIN, Math.floor(BATCH_SIZE / connections))
  }
}
