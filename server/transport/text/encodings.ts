import { STATUSES, Status, encodeDecimal, refusalText } from "../../../protocol/index.ts"
import type { Answer } from "../../../protocol/index.ts"
import type { Encoding } from "../dialect.ts"
import type { WriteBatch } from "../write-batch.ts"

const LF = 0x0a

const encoder = new TextEncoder()

/** The ids of a block in decimal, one a line. */
export const ID_LINES: Encoding = {
  encode(exchange, batch) {
    if (exchange.status !== Status.OK) {
      appendRefusal(exchange, batch)
      return
    }
    const { high, low, count } = exchange
    // A block lies within one value of `high`.
    for (let i = 0; i < count; i++) appendLine(high, low + i, batch)
  },
}

/** A value in decimal. */
export const VALUE_LINE: Encoding = {
  encode(exchange, batch) {
    if (exchange.status === Status.OK) appendLine(exchange.high, exchange.low, batch)
    else appendRefusal(exchange, batch)
  },
}

function appendLine(high: number, low: number, batch: WriteBatch): void {
  const end = encodeDecimal(batch.bytes, batch.length, high, low)
  batch.bytes[end] = LF
  batch.length = end + 1
}

function appendRefusal(answer: Answer, batch: WriteBatch): void {
  const text = `ERR ${STATUSES[answer.status]?.name} ${refusalText(answer)}\n`
  batch.append(encoder.encode(text))
}
