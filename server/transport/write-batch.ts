import type { Outbound } from "../net/outbound.ts"

/** The most bytes of answers that are written at once, but for the last answer. */
export const BATCH_SIZE = 65_536
/** Room for the largest answer: the status of a cluster of 1,024 nodes with the longest names. */
const ANSWER_SIZE_MAX = 1_048_576

/**
 * Where the answers of one connection are put together, to leave in one write. One batch serves all
 * connections of a node: a connection flushes it before it lets another go on.
 */
export class WriteBatch {
  readonly bytes: Uint8Array<ArrayBuffer> = new Uint8Array(BATCH_SIZE + ANSWER_SIZE_MAX)
  readonly view: DataView<ArrayBuffer> = new DataView(this.bytes.buffer)
  /** How many bytes of it are used. */
  length = 0
  /** From how many bytes on it is full, `BATCH_SIZE` at most. */
  limit: number = BATCH_SIZE

  /** Whether it has to be flushed; until it is full, it has room for any one answer. */
  get isFull(): boolean {
    return this.length >= this.limit
  }

  append(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** Writes what is in it, if anything is. */
  flush(outbound: Outbound): void {
    if (this.length > 0) outbound.write(this.bytes, this.length)
    this.length = 0
  }
}
