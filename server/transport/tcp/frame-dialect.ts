import {
  FrameReader,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  encodeResponse,
  requestCount,
  requestFlags,
  requestOp,
  requestTarget,
} from "../../../protocol/index.ts"
import { Parsed } from "../dialect.ts"
import type { ClientExchange, Dialect, Encoding } from "../dialect.ts"

const RESPONSE_FRAME: Encoding = {
  encode({ status, high, low }, batch) {
    encodeResponse(batch.view, batch.length, status, high, low)
    batch.length += RESPONSE_SIZE
  },
}

/** Frames of the binary protocol. */
export class FrameDialect implements Dialect {
  readonly #reader = new FrameReader(REQUEST_SIZE)

  push(chunk: Uint8Array): void {
    this.#reader.push(chunk)
  }

  /** A frame that never got whole is no request. */
  end(): void {}

  next(exchange: ClientExchange): Parsed {
    const reader = this.#reader
    if (reader.start === reader.end && !reader.nextRun()) return Parsed.NOTHING
    const { bytes, start } = reader
    exchange.op = requestOp(bytes, start)
    exchange.flags = requestFlags(bytes, start)
    exchange.count = requestCount(bytes, start)
    exchange.target = requestTarget(bytes, start)
    exchange.encoding = RESPONSE_FRAME
    reader.start = start + REQUEST_SIZE
    return Parsed.REQUEST
  }
}
