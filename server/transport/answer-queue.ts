import type { ConnectionParts } from "./connection-parts.ts"
import { REPLY } from "./dialect.ts"
import type { ClientExchange } from "./dialect.ts"

/** The most requests of one connection that wait for their answers or behind such; then it is not read from. */
export const QUEUE_MAX = 4_096
/** The most bytes of answers that are made already and stand behind one that is awaited, but for the last. */
const REPLY_BYTES_MAX = 65_536

/** The requests of a connection from the first that has no answer yet, in their order. */
export class AnswerQueue {
  readonly #exchanges: (ClientExchange | undefined)[] = []
  #head = 0
  #replyBytes = 0

  get isEmpty(): boolean {
    return this.#head === this.#exchanges.length
  }

  get isFull(): boolean {
    if (this.#replyBytes >= REPLY_BYTES_MAX) return true
    return this.#exchanges.length - this.#head === QUEUE_MAX
  }

  push(exchange: ClientExchange): void {
    this.#exchanges.push(exchange)
    this.#replyBytes += bytesOf(exchange)
  }

  /** Encodes the answers at its head that have come, as far as the batch takes them. */
  encodeAnswered(parts: ConnectionParts): void {
    while (!parts.batch.isFull) {
      const exchange = this.shiftAnswered()
      if (exchange === undefined) return
      parts.encode(exchange)
      parts.exchanges.release(exchange)
    }
  }

  /** Takes the oldest out if it has its answer. */
  shiftAnswered(): ClientExchange | undefined {
    const exchange = this.#exchanges[this.#head]
    if (exchange === undefined || exchange.isPending) return undefined
    this.#exchanges[this.#head++] = undefined
    this.#replyBytes -= bytesOf(exchange)
    if (this.isEmpty) {
      this.#exchanges.length = this.#head = 0
    } else if (this.#head === QUEUE_MAX) {
      // A queue that never gets empty must not grow for that.
      this.#exchanges.splice(0, this.#head)
      this.#head = 0
    }
    return exchange
  }
}

/** An exchange that is used again may have an old reply, which is not its answer. */
function bytesOf({ encoding, reply }: ClientExchange): number {
  return encoding === REPLY ? reply.length : 0
}
