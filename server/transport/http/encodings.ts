import { Status, encodeDecimal } from "../../../protocol/index.ts"
import type { ClientExchange, Encoding } from "../dialect.ts"
import type { WriteBatch } from "../write-batch.ts"
import { forAccept, refusal } from "./answers.ts"
import { Persistence } from "./request.ts"
import type { Responses } from "./responses.ts"

const LF = 0x0a
const QUOTE = 0x22
const COMMA = 0x2c

/** The digits of a Content-Length: no list of ids is longer. */
const LENGTH_DIGITS_MAX = 5

/** How ids are written in the body of a response. */
export const IdsForm = {
  /** One a line. */
  LINES: 0,
  /** `{"id":"…"}` */
  JSON_ID: 1,
  /** `{"ids":["…",…]}` */
  JSON_LIST: 2,
} as const
export type IdsForm = (typeof IdsForm)[keyof typeof IdsForm]

const encoder = new TextEncoder()
const END_OF_HEAD = encoder.encode("\r\n\r\n")
const BEFORE_ID = encoder.encode('{"id":"')
const AFTER_ID = encoder.encode('"}')
const BEFORE_IDS = encoder.encode('{"ids":[')
const AFTER_IDS = encoder.encode("]}")

/** The encodings of responses with ids: made once for all connections. */
export class IdsEncodings {
  readonly #encodings: readonly IdsEncoding[]

  constructor(responses: Responses) {
    this.#encodings = Object.values(IdsForm).flatMap((form) =>
      Object.values(Persistence).map(
        (persistence) => new IdsEncoding(responses, form, persistence),
      ),
    )
  }

  of(form: IdsForm, persistence: Persistence): Encoding {
    return this.#encodings[form * (Persistence.CLOSE + 1) + persistence]!
  }
}

/** A whole response: the ids, or why there are none. */
class IdsEncoding implements Encoding {
  readonly #responses: Responses
  readonly #form: IdsForm
  readonly #persistence: Persistence

  constructor(responses: Responses, form: IdsForm, persistence: Persistence) {
    this.#responses = responses
    this.#form = form
    this.#persistence = persistence
  }

  encode(exchange: ClientExchange, batch: WriteBatch): void {
    if (exchange.status !== Status.OK) {
      const answer = forAccept(refusal(exchange), this.#form !== IdsForm.LINES)
      batch.append(this.#responses.whole(answer, this.#persistence, false))
      return
    }
    batch.append(this.#responses.idsHead(this.#form !== IdsForm.LINES, this.#persistence))
    const lengthAt = batch.length
    // The length is known when the body is written: that begins where the longest head would end.
    const bodyAt = lengthAt + LENGTH_DIGITS_MAX + END_OF_HEAD.length
    batch.length = bodyAt
    this.#appendIds(exchange, batch)
    const bodyEnd = batch.length
    batch.length = encodeDecimal(batch.bytes, lengthAt, 0, bodyEnd - bodyAt)
    batch.append(END_OF_HEAD)
    batch.bytes.copyWithin(batch.length, bodyAt, bodyEnd)
    batch.length += bodyEnd - bodyAt
  }

  #appendIds(exchange: ClientExchange, batch: WriteBatch): void {
    switch (this.#form) {
      case IdsForm.LINES:
        appendLines(exchange, batch)
        break
      case IdsForm.JSON_ID:
        batch.append(BEFORE_ID)
        batch.length = encodeDecimal(batch.bytes, batch.length, exchange.high, exchange.low)
        batch.append(AFTER_ID)
        break
      case IdsForm.JSON_LIST:
        batch.append(BEFORE_IDS)
        appendStrings(exchange, batch)
        batch.append(AFTER_IDS)
        break
    }
  }
}

/** A block lies within one value of `high`. */
function appendLines({ high, low, count }: ClientExchange, batch: WriteBatch): void {
  const { bytes } = batch
  let at = batch.length
  for (let i = 0; i < count; i++) {
    at = encodeDecimal(bytes, at, high, low + i)
    bytes[at++] = LF
  }
  batch.length = at
}

function appendStrings({ high, low, count }: ClientExchange, batch: WriteBatch): void {
  const { bytes } = batch
  let at = batch.length
  for (let i = 0; i < count; i++) {
    if (i > 0) bytes[at++] = COMMA
    bytes[at++] = QUOTE
    at = encodeDecimal(bytes, at, high, low + i)
    bytes[at++] = QUOTE
  }
  batch.length = at
}
