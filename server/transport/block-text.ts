import { COUNT_MAX, DECIMAL_LENGTH_MAX, encodeDecimal } from "../../protocol/index.ts"

const LF = 0x0a

const scratch = Buffer.alloc(COUNT_MAX * (DECIMAL_LENGTH_MAX + 1))

/**
 * The ids of a block in decimal, in order, each followed by LF. A block lies within one value of
 * `high`.
 */
export function blockText(high: number, low: number, count: number): string {
  let length = 0
  for (let i = 0; i < count; i++) {
    length = encodeDecimal(scratch, length, high, low + i)
    scratch[length++] = LF
  }
  return scratch.toString("latin1", 0, length)
}
