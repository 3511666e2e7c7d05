import { REQUEST_SIZE } from "../constants.ts"
import type { Op } from "../constants.ts"
import { encodeRequest } from "../request.ts"

const INITIAL_REQUESTS = 64

/**
 * Requests that are encoded and not yet written, one behind the other. The buffer doubles when it
 * is full: whoever appends sees to a bound.
 */
export class RequestBuffer {
  #bytes = new Uint8Array(INITIAL_REQUESTS * REQUEST_SIZE)
  #length = 0

  /** Of which the first `length` are the requests. The next `append` or `clear` may change them. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** In bytes. */
  get length(): number {
    return this.#length
  }

  append(op: Op, flags: number, count: number, target: number): void {
    if (this.#length === this.#bytes.length) this.#grow()
    encodeRequest(this.#bytes, this.#length, op, flags, count, target)
    this.#length += REQUEST_SIZE
  }

  clear(): void {
    this.#length = 0
  }

  #grow(): void {
    const grown = new Uint8Array(this.#bytes.length * 2)
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}
