import { Status } from "../../protocol/index.ts"
import type { DialectKind } from "./dialect-kind.ts"
import { Parsed } from "./dialect.ts"
import type { ClientExchange, Dialect } from "./dialect.ts"

/** Refuses every request of another dialect as NOT_READY: its node is about to close the connection. */
export class RefusingDialect implements Dialect {
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  get kind(): DialectKind {
    return this.#dialect.kind
  }

  get hasInput(): boolean {
    return this.#dialect.hasInput
  }

  get hasUnfinished(): boolean {
    return this.#dialect.hasUnfinished
  }

  push(chunk: Uint8Array): void {
    this.#dialect.push(chunk)
  }

  end(): boolean {
    return this.#dialect.end()
  }

  release(): void {
    this.#dialect.release?.()
  }

  next(exchange: ClientExchange): Parsed {
    const parsed = this.#dialect.next(exchange)
    if (parsed !== Parsed.REQUEST) return parsed
    exchange.refuse(Status.NOT_READY, 0)
    return Parsed.REPLY
  }
}
