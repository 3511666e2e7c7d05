import { Exchange } from "../exchange.ts"
import type { Asker } from "../exchange.ts"
import type { LocalNode } from "../routing/local-node.ts"
import { DialectKind } from "./dialect-kind.ts"
import type { RequestCounter } from "./dialect-kind.ts"
import type { WriteBatch } from "./write-batch.ts"

/** What a dialect found in its input. */
export const Parsed = {
  /** No whole request is left. */
  NOTHING: 0,
  /** A request for the router. */
  REQUEST: 1,
  /** Something that the dialect has answered itself, in `reply`. */
  REPLY: 2,
  /** The client asks for the connection to be closed after the answers so far. */
  END: 3,
  /** The connection is to be closed after the answers so far, whatever the client still sends. */
  CLOSE: 4,
} as const
export type Parsed = (typeof Parsed)[keyof typeof Parsed]

/** How the answers to one kind of request are written: a constant of its dialect. */
export interface Encoding {
  /** Adds the answer to the batch. */
  encode(exchange: ClientExchange, batch: WriteBatch): void
}

export const NO_REPLY: Uint8Array = new Uint8Array(0)

/** The answer of a dialect itself, as it stands. */
export const REPLY: Encoding = { encode: ({ reply }, batch) => batch.append(reply) }

/** An event of a stream: what is in `reply` by then. */
export const EVENT: Encoding = { encode: ({ reply }, batch) => batch.append(reply) }

/** A request of a client, its answer, and how that is to be written. */
export class ClientExchange extends Exchange {
  encoding: Encoding = REPLY
  reply: Uint8Array = NO_REPLY
  /** What it is spoken in. */
  dialect: DialectKind = DialectKind.FRAMES
}

/** What a router knows of this node's own ids. */
export interface OwnIds {
  readonly local: LocalNode
  ownsKey(hash: number): boolean
}

/** What a connection speaks. A dialect turns bytes into requests; its encodings turn answers into bytes. */
export interface Dialect {
  readonly kind: DialectKind
  /** Whether there may be a request for `next` to find. */
  readonly hasInput: boolean
  /** Whether its answers say that the connection ends, so that no request has to be refused for it. */
  readonly tellsOfEnd?: boolean
  /** Whether the beginning of a request is kept whose end has not come. */
  readonly hasUnfinished: boolean
  /** Takes the next chunk, which stays the dialect's own. Only after `next` has found nothing. */
  push(chunk: Uint8Array): void
  /** Told right after it was chosen, where answers may come later: who hears of them. */
  attach?(asker: Asker): void
  /** The connection is closed. */
  release?(): void
  /** No more bytes will come. @returns whether an unfinished request counts as whole, and is the next */
  end(): boolean
  /** Fills the exchange with the next request, its encoding included. */
  next(exchange: ClientExchange): Parsed
  /**
   * A shortcut for speed, which a dialect may have: answers requests for this node's ids straight
   * into the batch. It stops when the batch is full, before it would take more than `idsMax` ids, and at a request that
   * is another or gets no ids now; that one is then the next. Only when no answer is awaited, and
   * after the clock was read.
   * @param counter is told of the requests
   * @returns how many ids it has taken, at most `idsMax`
   */
  answerOwn?(router: OwnIds, batch: WriteBatch, idsMax: number, counter: RequestCounter): number
}

/** Chooses what a connection speaks, by the first bytes that its client sends. */
export type NewDialect = (first: Uint8Array, epochMs: number) => Dialect
