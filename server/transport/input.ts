import type { ConnectionParts } from "./connection-parts.ts"
import type { Asker } from "../exchange.ts"
import { Parsed } from "./dialect.ts"
import type { ClientExchange, Dialect, NewDialect } from "./dialect.ts"
import { RefusingDialect } from "./refusing-dialect.ts"

/** What a client has sent and the dialect has not parsed yet. */
export class Input {
  /** undefined: the client has sent nothing yet. */
  dialect: Dialect | undefined
  readonly #newDialect: NewDialect
  readonly #parts: ConnectionParts
  readonly #asker: Asker
  /** What came before the chunk in front of it was used up; mostly nothing. */
  readonly #chunks: Uint8Array[] = []
  #hasEnded = false
  #isRefusing = false
  /** How many bytes are kept, those of a chunk that is used in part included. */
  bytes = 0
  /** How many of them the dialect has been given. */
  #given = 0

  constructor(newDialect: NewDialect, parts: ConnectionParts, asker: Asker) {
    this.#newDialect = newDialect
    this.#asker = asker
    this.#parts = parts
  }

  /** @param isUsedUp whether `next` has found nothing in the chunks so far */
  push(chunk: Uint8Array, isUsedUp: boolean): void {
    this.dialect ??= this.#choose(chunk)
    if (this.#isRefusing && isUsedUp) this.dialect = refusing(this.dialect)
    this.bytes += chunk.length
    if (isUsedUp) this.#give(this.dialect, chunk)
    else this.#chunks.push(chunk)
  }

  /** What arrives from now on is refused, and what waits in front of it is not. */
  refuse(): void {
    this.#isRefusing = true
  }

  /** The client sends no more. */
  end(): void {
    this.#hasEnded = true
  }

  /** Whether `next` may find something. */
  get isThere(): boolean {
    return this.dialect?.hasInput === true || this.#chunks.length > 0 || this.#hasEnded
  }

  /** Whether a request has begun and not come to its end. */
  get isUnfinished(): boolean {
    return this.dialect?.hasUnfinished === true
  }

  /** The shortcut of the dialect, if it has one. @returns how many ids it has taken */
  answerOwn(idsMax: number): number {
    const { router, batch, requestCounts } = this.#parts
    return this.dialect?.answerOwn?.(router, batch, idsMax, requestCounts) ?? 0
  }

  /** Fills the exchange with the next request. */
  next(exchange: ClientExchange): Parsed {
    const { dialect } = this
    if (dialect === undefined) return Parsed.NOTHING
    exchange.dialect = dialect.kind
    for (;;) {
      const parsed = dialect.next(exchange)
      if (parsed !== Parsed.NOTHING) return parsed
      this.bytes -= this.#given
      this.#given = 0
      const chunk = this.#chunks.shift()
      if (chunk !== undefined) this.#give(dialect, chunk)
      else if (!this.#hasEnded || !dialect.end()) return Parsed.NOTHING
    }
  }

  #choose(first: Uint8Array): Dialect {
    const dialect = this.#newDialect(first, this.#parts.router.local.epochMs)
    this.#parts.requestCounts.connections[dialect.kind]!++
    dialect.attach?.(this.#asker)
    return dialect
  }

  #give(dialect: Dialect, chunk: Uint8Array): void {
    this.#given = chunk.length
    dialect.push(chunk)
  }

  /** Lets go of all of it. */
  drop(): void {
    if (this.dialect !== undefined) {
      this.#parts.requestCounts.connections[this.dialect.kind]!--
      this.dialect.release?.()
      this.dialect = undefined
    }
    this.bytes = this.#given = 0
    this.#chunks.length = 0
    this.#hasEnded = false
  }
}

function refusing(dialect: Dialect): Dialect {
  const isTold = dialect.tellsOfEnd === true || dialect instanceof RefusingDialect
  return isTold ? dialect : new RefusingDialect(dialect)
}
