import type { Asker } from "../../exchange.ts"
import { EVENT, NO_REPLY, Parsed } from "../dialect.ts"
import type { ClientExchange } from "../dialect.ts"
import type { Watcher } from "./event-hub.ts"

/** Where the events of a node are had. */
export interface EventSource {
  /** What a watcher gets at once. */
  first(): Uint8Array
  /** @returns false when there are as many watchers as there may be */
  add(watcher: Watcher): boolean
  remove(watcher: Watcher): void
}

/**
 * The events that one connection gets. Each is an answer that is awaited in the connection's queue, so a client
 * that does not read has one made for it, and no more; it is cut off as any other that does not.
 */
export class EventStream implements Watcher {
  readonly #source: EventSource
  readonly #asker: Asker
  #awaiting: ClientExchange | undefined
  #isEnded = false

  private constructor(source: EventSource, asker: Asker) {
    this.#source = source
    this.#asker = asker
  }

  /** @returns undefined when there is no place for it */
  static open(source: EventSource, asker: Asker): EventStream | undefined {
    const stream = new EventStream(source, asker)
    return source.add(stream) ? stream : undefined
  }

  /** Whether `next` has something. */
  get hasInput(): boolean {
    return this.#awaiting === undefined
  }

  /** Puts an exchange in line for the next event. */
  next(exchange: ClientExchange): Parsed {
    if (this.#isEnded) return Parsed.CLOSE
    if (this.#awaiting !== undefined) return Parsed.NOTHING
    exchange.encoding = EVENT
    exchange.reply = NO_REPLY
    exchange.isPending = true
    this.#awaiting = exchange
    return Parsed.REPLY
  }

  event(bytes: Uint8Array): void {
    const exchange = this.#awaiting
    if (exchange === undefined) return
    this.#awaiting = undefined
    exchange.reply = bytes
    exchange.isPending = false
    this.#asker.answered()
  }

  ended(): void {
    this.#isEnded = true
    this.event(NO_REPLY)
  }

  /** The connection is closed. */
  release(): void {
    this.#source.remove(this)
    this.#awaiting = undefined
  }
}
