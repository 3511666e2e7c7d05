import {
  STATUSES,
  Status,
  encodeDecimal,
  halvesToNumber,
  refusalText,
} from "../../../protocol/index.ts"
import type { Answer } from "../../../protocol/index.ts"
import type { ClientExchange, Encoding } from "../dialect.ts"
import type { ManyIdsFormat } from "../many-ids.ts"
import type { WriteBatch } from "../write-batch.ts"
import { textBytes } from "./bytes-text.ts"

const CR = 0x0d
const LF = 0x0a
const DOLLAR = 0x24
const COLON = 0x3a
const ZERO = 0x30
/** `$18`, CR and LF: what stands before an id of 10 digits or more. */
const HEADER_SIZE = 5
/** Integers of Redis are signed. */
export const SIGN_BIT: number = 2 ** 31
const OVERFLOW = "-ERR increment or decrement would overflow\r\n"

const encoder = new TextEncoder()

/** An id as a bulk string, which is exact in every language. */
export const BULK_ID: Encoding = {
  encode(exchange, batch) {
    if (exchange.status !== Status.OK) appendRefusal(exchange, batch)
    else batch.length = putBulk(batch.bytes, batch.length, exchange.high, exchange.low)
  },
}

/** The last id of a block, as an integer: it and those before it belong to the caller. */
export const LAST_ID: Encoding = {
  encode(exchange, batch) {
    const { status, high, low, count } = exchange
    if (status !== Status.OK) appendRefusal(exchange, batch)
    else if (high >= SIGN_BIT) batch.append(encoder.encode(OVERFLOW))
    else batch.length = putInteger(batch.bytes, batch.length, high, low + count - 1)
  },
}

/** The ids of a block as an array. */
export const ID_ARRAY: Encoding = {
  encode(exchange, batch) {
    const { status, high, low, count } = exchange
    if (status !== Status.OK) {
      appendRefusal(exchange, batch)
      return
    }
    batch.append(encoder.encode(`*${count}\r\n`))
    for (let i = 0; i < count; i++) {
      batch.length = putBulk(batch.bytes, batch.length, high, low + i)
    }
  },
}

/** A wall clock as Redis tells it: seconds, and microseconds of the second. */
export const TIME: Encoding = {
  encode(exchange, batch) {
    if (exchange.status !== Status.OK) {
      appendRefusal(exchange, batch)
      return
    }
    const ms = halvesToNumber(exchange.high, exchange.low)
    const parts = [`${Math.floor(ms / 1_000)}`, `${(ms % 1_000) * 1_000}`]
    const bulks = parts.map((part) => `$${part.length}\r\n${part}\r\n`)
    batch.append(encoder.encode(`*2\r\n${bulks.join("")}`))
  },
}

/** What PING is answered by a node that may be relied on. */
export class Pong implements Encoding {
  readonly #text: string

  /** @param text what the client has sent along, a character for each byte */
  constructor(text?: string) {
    this.#text = text === undefined ? "+PONG\r\n" : `$${text.length}\r\n${text}\r\n`
  }

  encode(exchange: ClientExchange, batch: WriteBatch): void {
    if (exchange.status !== Status.OK) appendRefusal(exchange, batch)
    else batch.append(textBytes(this.#text))
  }
}

/** An id of each name of MGET as an array. */
export const ID_OF_EACH: ManyIdsFormat = {
  appendIds(values, batch) {
    batch.append(encoder.encode(`*${values.length / 2}\r\n`))
    for (let i = 0; i < values.length; i += 2) {
      batch.length = putBulk(batch.bytes, batch.length, values[i]!, values[i + 1]!)
    }
  },
  refusal: refusalBytes,
}

/** Writes an id as a bulk string. @returns the offset behind it */
export function putBulk(bytes: Uint8Array, offset: number, high: number, low: number): number {
  let end = encodeDecimal(bytes, offset + HEADER_SIZE, high, low)
  const digits = end - offset - HEADER_SIZE
  let at = offset
  bytes[at++] = DOLLAR
  if (digits >= 10) bytes[at++] = ZERO + 1 + (digits >= 20 ? 1 : 0)
  else {
    // An id of the first seconds of an epoch.
    bytes.copyWithin(offset + HEADER_SIZE - 1, offset + HEADER_SIZE, end)
    end--
  }
  bytes[at++] = ZERO + (digits % 10)
  putEnd(bytes, at)
  return putEnd(bytes, end)
}

/** Writes an id as an integer. @returns the offset behind it */
export function putInteger(bytes: Uint8Array, offset: number, high: number, low: number): number {
  bytes[offset] = COLON
  return putEnd(bytes, encodeDecimal(bytes, offset + 1, high, low))
}

function putEnd(bytes: Uint8Array, offset: number): number {
  bytes[offset] = CR
  bytes[offset + 1] = LF
  return offset + 2
}

function appendRefusal(answer: Answer, batch: WriteBatch): void {
  batch.append(refusalBytes(answer))
}

/** Clients of Redis ask again by themselves after TRYAGAIN. */
function refusalBytes(answer: Answer): Uint8Array {
  const { name, retryable } = STATUSES[answer.status]!
  const code = retryable ? "TRYAGAIN" : "ERR"
  return encoder.encode(`-${code} ${name} ${refusalText(answer)}\r\n`)
}
