/*
 * Response, 9 bytes, integers unsigned and big-endian:
 *
 *   offset  size  field
 *        0     1  status
 *        1     8  value
 *
 * The value travels as two 32-bit halves, so that the hot path never makes a bigint.
 */

const STATUS = 0
const VALUE_HIGH = 1
const VALUE_LOW = 5

/** Writes one response at `offset`; `high` and `low` are the halves of the value, 0..2^32-1. */
export function encodeResponse(
  view: DataView,
  offset: number,
  status: number,
  high: number,
  low: number,
): void {
  view.setUint8(offset + STATUS, status)
  view.setUint32(offset + VALUE_HIGH, high)
  view.setUint32(offset + VALUE_LOW, low)
}

export function responseStatus(view: DataView, offset: number): number {
  return view.getUint8(offset + STATUS)
}

export function responseHigh(view: DataView, offset: number): number {
  return view.getUint32(offset + VALUE_HIGH)
}

export function responseLow(view: DataView, offset: number): number {
  return view.getUint32(offset + VALUE_LOW)
}

/** The value as one bigint, for callers off the hot path. */
export function responseValue(view: DataView, offset: number): bigint {
  return view.getBigUint64(offset + VALUE_HIGH)
}
