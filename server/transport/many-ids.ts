import { Status } from "../../protocol/index.ts"
import type { ClientExchange, Encoding } from "./dialect.ts"
import type { WriteBatch } from "./write-batch.ts"

/** How a dialect writes the ids of several names, or the refusal of one of them. */
export interface ManyIdsFormat {
  /** @param values the upper and the lower half of each id */
  appendIds(values: Uint32Array, batch: WriteBatch): void
  refusal(exchange: ClientExchange): Uint8Array
}

/**
 * A request for an id of each of several names, and its one answer. The names are asked for one after
 * the other; when one of them is refused, its refusal is the answer.
 */
export class ManyIds implements Encoding {
  readonly #format: ManyIdsFormat
  readonly #ops: Uint8Array
  readonly #targets: Uint32Array
  readonly #values: Uint32Array
  #added = 0
  #asked = 0
  #answered = 0
  #refusal: Uint8Array | undefined

  /** @param count how many names there are, at least one */
  constructor(count: number, format: ManyIdsFormat) {
    this.#format = format
    this.#ops = new Uint8Array(count)
    this.#targets = new Uint32Array(count)
    this.#values = new Uint32Array(2 * count)
  }

  get isAsked(): boolean {
    return this.#asked === this.#ops.length
  }

  /** Takes over what the next name stands for. */
  add({ op, target }: ClientExchange): void {
    this.#ops[this.#added] = op
    this.#targets[this.#added] = target
    this.#added++
  }

  /** Fills the exchange with the next request. */
  ask(exchange: ClientExchange): void {
    exchange.op = this.#ops[this.#asked]!
    exchange.flags = 0
    exchange.count = 1
    exchange.target = this.#targets[this.#asked]!
    exchange.encoding = this
    this.#asked++
  }

  /** Answers come in the order of the requests. */
  encode(exchange: ClientExchange, batch: WriteBatch): void {
    const values = this.#values
    const at = 2 * this.#answered++
    if (exchange.status !== Status.OK) this.#refusal ??= this.#format.refusal(exchange)
    values[at] = exchange.high
    values[at + 1] = exchange.low
    if (at + 2 < values.length) return
    if (this.#refusal === undefined) this.#format.appendIds(values, batch)
    else batch.append(this.#refusal)
  }
}
