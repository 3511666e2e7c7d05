/*
 * A 64-bit value travels as two 32-bit halves, so that the hot path never makes a bigint. Times,
 * details and start numbers are below 2^53, so one number holds them exactly.
 */
const UINT32 = 2 ** 32

/** The upper 32 bits of a whole number from 0 to 2^53-1. */
export function highHalf(value: number): number {
  return Math.floor(value / UINT32)
}

/** The lower 32 bits of a whole number from 0 to 2^53-1. */
export function lowHalf(value: number): number {
  return value >>> 0
}

/** The value out of its halves; exact below 2^53. */
export function halvesToNumber(high: number, low: number): number {
  return high * UINT32 + low
}
