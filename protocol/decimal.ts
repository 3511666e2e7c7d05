/** The most digits a 64-bit value has. */
export const DECIMAL_LENGTH_MAX = 20

const ZERO = 0x30
/** Digits are made in parts of six, so that every step is exact: below 2^53, and mostly below 2^31. */
const PART = 1_000_000
const PART_DIGITS = 6
const LOW_22_BITS: number = 2 ** 22 - 1

const decoder = new TextDecoder()
const scratch = new Uint8Array(DECIMAL_LENGTH_MAX)

/**
 * Writes the decimal digits of the 64-bit value `high` x 2^32 + `low` at `offset`, without a bigint.
 *
 * With v = t x 2^22 + r and t = a x 10^6 + b, v = (a x 2^22) x 10^6 + (b x 2^22 + r): the first
 * part is below 1.9 x 10^13 and the second below 4.3 x 10^12, so both are exact as doubles.
 *
 * @returns the offset after the last digit, at most `DECIMAL_LENGTH_MAX` further on
 */
export function encodeDecimal(
  bytes: Uint8Array,
  offset: number,
  high: number,
  low: number,
): number {
  const top42 = high * 2 ** 10 + (low >>> 22)
  const a = Math.floor(top42 / PART)
  const rest = (top42 - a * PART) * 2 ** 22 + (low & LOW_22_BITS)
  const carry = Math.floor(rest / PART)
  const upper = a * 2 ** 22 + carry
  const first = Math.floor(upper / PART)
  const second = upper - first * PART
  const third = rest - carry * PART
  let end = offset
  if (first > 0) end = putDigits(bytes, end, first, digitCount(first))
  if (upper > 0) end = putDigits(bytes, end, second, first > 0 ? PART_DIGITS : digitCount(second))
  return putDigits(bytes, end, third, upper > 0 ? PART_DIGITS : digitCount(third))
}

/** The decimal text of the 64-bit value `high` x 2^32 + `low`. */
export function decimalText(high: number, low: number): string {
  return decoder.decode(scratch.subarray(0, encodeDecimal(scratch, 0, high, low)))
}

function putDigits(bytes: Uint8Array, offset: number, value: number, digits: number): number {
  let rest = value | 0
  for (let at = offset + digits - 1; at >= offset; at--) {
    const tenth = (rest / 10) | 0
    bytes[at] = ZERO + rest - tenth * 10
    rest = tenth
  }
  return offset + digits
}

function digitCount(value: number): number {
  let digits = 1
  for (let limit = 10; value >= limit; limit *= 10) digits++
  return digits
}
