import type { FirnError } from "./errors.ts"

/** What calls that wait for a server have missed since they began to wait. */
export interface Missed {
  /** How many times a server could not be reached. */
  readonly tries: number
  /** The last failure of each server, the newest last. */
  readonly failures: readonly FirnError[]
}

/**
 * Servers that could not be reached, noted once for all calls that wait for one: a failure costs
 * the same however many calls there are, and calls that began to wait together share one list.
 */
export class Outage {
  /** How many times a server could not be reached so far. */
  count = 0
  /** The last failure of each server and its number, the newest last. */
  readonly #last = new Map<string, { readonly number: number; readonly failure: FirnError }>()
  #from = 0
  #upTo = -1
  #missed: Missed = { tries: 0, failures: [] }

  note(server: string, failure: FirnError): void {
    this.count++
    this.#last.delete(server)
    this.#last.set(server, { number: this.count, failure })
  }

  /** @param from `count` when the call began to wait */
  since(from: number): Missed {
    if (from === this.#from && this.count === this.#upTo) return this.#missed
    const failures: FirnError[] = []
    for (const { number, failure } of this.#last.values()) {
      if (number > from) failures.push(failure)
    }
    this.#from = from
    this.#upTo = this.count
    this.#missed = { tries: this.count - from, failures }
    return this.#missed
  }
}
