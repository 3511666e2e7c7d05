import {
  FLAG_FORWARDED,
  Op,
  REQUEST_SIZE,
  Status,
  requestFlags,
  requestOp,
} from "../../protocol/index.ts"
import type { ClientEvents, ClientSocket } from "../net/listen.ts"
import type { Connection } from "./connection.ts"
import type { ConnectionParts } from "./connection-parts.ts"
import { Parsed } from "./dialect.ts"
import type { Dialect, NewDialect } from "./dialect.ts"

/** When a client that was refused may try again, as it is told. */
const RETRY_AFTER_MS = 1_000

/**
 * A client that is one too many. What it speaks is known by its first byte, so the requests that
 * come first are read, and each is answered OVERLOADED. Then the connection is closed.
 *
 * Another node of the cluster is served all the same if there is a place for it: clients must not
 * be able to keep the nodes apart.
 */
export class RefusedClient implements ClientEvents {
  readonly #socket: ClientSocket
  readonly #parts: ConnectionParts
  /** Of the port that it came by. */
  readonly newDialect: NewDialect
  readonly #admitPeer: () => Connection | undefined
  readonly #sinceTick: number
  #dialect: Dialect | undefined
  #isAnswered = false
  /** What serves it; only another node is served. */
  admitted: Connection | undefined

  /** @param admitPeer asks for a place for another node; undefined: there is none */
  constructor(
    socket: ClientSocket,
    parts: ConnectionParts,
    newDialect: NewDialect,
    admitPeer: () => Connection | undefined,
  ) {
    this.#socket = socket
    this.#parts = parts
    this.newDialect = newDialect
    this.#admitPeer = admitPeer
    this.#sinceTick = parts.tick
  }

  data(chunk: Uint8Array): void {
    const isFirst = this.admitted === undefined && this.#dialect === undefined
    if (isFirst && isOfPeer(chunk)) this.admitted = this.#admitPeer()
    if (this.admitted !== undefined) this.admitted.data(chunk)
    else if (!this.#isAnswered) {
      this.#dialect ??= this.newDialect(chunk, this.#parts.router.local.epochMs)
      this.#dialect.push(chunk)
      this.#refuse(this.#dialect)
    }
  }

  drained(): void {
    this.admitted?.drained()
  }

  ended(): void {
    if (this.admitted !== undefined) {
      this.admitted.ended()
      return
    }
    this.#dialect?.end()
    if (this.#dialect !== undefined && !this.#isAnswered) this.#refuse(this.#dialect)
    this.#socket.end()
  }

  closed(): void {
    this.admitted?.closed()
  }

  /** Whether it has had a second for its first request, and to close once that is answered. */
  get isOverdue(): boolean {
    return this.#parts.tick - this.#sinceTick > 1
  }

  /** Answers the requests that have come whole, if any has, and sends FIN. */
  #refuse(dialect: Dialect): void {
    const { batch, exchanges } = this.#parts
    const exchange = exchanges.next
    let parsed = dialect.next(exchange)
    if (parsed === Parsed.NOTHING) return
    for (; !batch.isFull && isRequest(parsed); parsed = dialect.next(exchange)) {
      if (parsed === Parsed.REQUEST) exchange.refuse(Status.OVERLOADED, RETRY_AFTER_MS)
      exchange.dialect = dialect.kind
      this.#parts.encode(exchange)
    }
    // What a socket that is new does not take at once is of no use to its client either.
    this.#socket.write(batch.bytes, 0, batch.length)
    batch.length = 0
    this.#isAnswered = true
    this.#socket.shutdown()
  }
}

function isRequest(parsed: Parsed): boolean {
  return parsed === Parsed.REQUEST || parsed === Parsed.REPLY
}

/** Whether it begins as a link does: no text has such bytes. */
function isOfPeer(chunk: Uint8Array): boolean {
  if (chunk.length < REQUEST_SIZE || requestOp(chunk, 0) > Op.CLOCK) return false
  return (requestFlags(chunk, 0) & FLAG_FORWARDED) !== 0
}
