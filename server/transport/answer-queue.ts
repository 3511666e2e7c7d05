import type { ClientExchange } from "./dialect.ts"

/** The most requests of one connection that wait for their answers or behind such; then it is not read from. */
export const QUEUE_MAX = 4_096

/** The requests of a connection from the first that has no answer yet, in their order. */
export class AnswerQueue {
  readonly #exchanges: (ClientExchange | undefined)[] = []
  #head = 0

  get isEmpty(): boolean {
    return this.#head === this.#exchanges.length
  }

  get isFull(): boolean {
    return this.#exchanges.length - this.#head === QUEUE_MAX
  }

  push(exchange: ClientExchange): void {
    this.#exchanges.push(exchange)
  }

  /** Takes the oldest out if it has its answer. */
  shiftAnswered(): ClientExchange | undefined {
    const exchange = this.#exchanges[this.#head]
    if (exchange === undefined || exchange.isPending) return undefined
    this.#exchanges[this.#head++] = undefined
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
