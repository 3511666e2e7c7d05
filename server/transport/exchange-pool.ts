import { ClientExchange, NO_REPLY } from "./dialect.ts"

/** How many exchanges are kept for the next requests. */
const SPARE_MAX = 16_384

/** The exchanges of all connections of a node, used again and again. */
export class ExchangePool {
  readonly #spare: ClientExchange[] = []
  #next = new ClientExchange()

  /** One to parse a request into. It stays in the pool, for a request that is answered at once. */
  get next(): ClientExchange {
    return this.#next
  }

  /** Takes `next` out, for a request that waits. */
  take(): ClientExchange {
    const exchange = this.#next
    this.#next = this.#spare.pop() ?? new ClientExchange()
    return exchange
  }

  /** Takes one back whose answer has been encoded. */
  release(exchange: ClientExchange): void {
    if (this.#spare.length === SPARE_MAX) return
    exchange.reply = NO_REPLY
    this.#spare.push(exchange)
  }
}
