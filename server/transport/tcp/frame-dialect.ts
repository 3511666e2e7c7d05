import {
  FrameReader,
  Op,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  Status,
  encodeResponse,
  requestCount,
  requestFlags,
  requestOp,
  requestTarget,
} from "../../../protocol/index.ts"
import { AnswerSlot } from "../../exchange.ts"
import { Parsed, REPLY } from "../dialect.ts"
import { DialectKind } from "../dialect-kind.ts"
import type { RequestCounter } from "../dialect-kind.ts"
import type { ClientExchange, Dialect, Encoding, OwnIds } from "../dialect.ts"
import { foreignBytes } from "../foreign.ts"
import type { WriteBatch } from "../write-batch.ts"
import { ownCount } from "./own-count.ts"

const RESPONSE_FRAME: Encoding = {
  encode({ status, high, low }, batch) {
    encodeResponse(batch.view, batch.length, status, high, low)
    batch.length += RESPONSE_SIZE
  },
}

/** Where the generator puts the ids of one request; used up before the next. */
const block = new AnswerSlot()

/** Frames of the binary protocol. */
export class FrameDialect implements Dialect {
  readonly kind: DialectKind = DialectKind.FRAMES
  readonly #reader = new FrameReader(REQUEST_SIZE)
  /** No request has been found yet. */
  #isFirst = true
  /** It was no frame that came first. */
  #isForeign = false

  get hasInput(): boolean {
    return this.#isForeign || !this.#reader.isUsedUp
  }

  get hasUnfinished(): boolean {
    return this.#reader.kept > 0
  }

  push(chunk: Uint8Array): void {
    this.#reader.push(chunk)
  }

  /** A frame that never got whole is no request. */
  end(): boolean {
    return false
  }

  next(exchange: ClientExchange): Parsed {
    const reader = this.#reader
    if (this.#isForeign) return Parsed.CLOSE
    if (reader.start === reader.end && !reader.nextRun()) return Parsed.NOTHING
    const { bytes, start } = reader
    if (this.#isFirst) {
      this.#isFirst = false
      const reason = foreignBytes(bytes.subarray(start, start + REQUEST_SIZE))
      if (reason !== undefined) return this.#refuse(exchange, reason)
    }
    exchange.op = requestOp(bytes, start)
    exchange.flags = requestFlags(bytes, start)
    exchange.count = requestCount(bytes, start)
    exchange.target = requestTarget(bytes, start)
    exchange.encoding = RESPONSE_FRAME
    reader.start = start + REQUEST_SIZE
    return Parsed.REQUEST
  }

  /** By a line of text: what would have to read a frame is not there. */
  #refuse(exchange: ClientExchange, reason: string): Parsed {
    this.#isForeign = true
    exchange.encoding = REPLY
    exchange.reply = Buffer.from(`ERR BAD_REQUEST ${reason}\n`)
    return Parsed.REPLY
  }

  /** Half the cost of a request by way of an exchange. */
  answerOwn({ local }: OwnIds, batch: WriteBatch, idsMax: number, counter: RequestCounter): number {
    const { generator, nodeId } = local
    const reader = this.#reader
    const { view, limit } = batch
    const lengthBefore = batch.length
    let taken = 0
    /** Requests for this node by its id, which others send: LOCAL is 1 and NODE is 2. */
    let byId = 0
    while (reader.start < reader.end || reader.nextRun()) {
      const { bytes, end } = reader
      let { start } = reader
      let { length } = batch
      while (start < end && length < limit) {
        const count = ownCount(bytes, start, nodeId)
        if (count === 0 || taken + count > idsMax) break
        if (generator.take(count, block) !== Status.OK) break
        taken += count
        byId += requestOp(bytes, start) >> 1
        encodeResponse(view, length, Status.OK, block.high, block.low)
        length += RESPONSE_SIZE
        start += REQUEST_SIZE
      }
      batch.length = length
      reader.start = start
      if (start < end) break
    }
    if (taken === 0) return 0
    this.#isFirst = false
    const answered = (batch.length - lengthBefore) / RESPONSE_SIZE
    counter.add(DialectKind.FRAMES, Op.LOCAL, Status.OK, answered - byId)
    counter.add(DialectKind.FRAMES, Op.NODE, Status.OK, byId)
    return taken
  }
}
