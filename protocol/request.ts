/*
 * Request, 8 bytes, integers unsigned and big-endian:
 *
 *   offset  size  field
 *        0     1  op
 *        1     1  flags
 *        2     2  count
 *        4     4  target
 */
import { COUNT_MAX, FLAG_FORWARDED, Op } from "./constants.ts"

const OP = 0
const FLAGS = 1
const COUNT = 2
const TARGET = 4

/** Writes one request at `offset`. The caller keeps the fields within their ranges. */
export function encodeRequest(
  bytes: Uint8Array,
  offset: number,
  op: number,
  flags: number,
  count: number,
  target: number,
): void {
  bytes[offset + OP] = op
  bytes[offset + FLAGS] = flags
  bytes[offset + COUNT] = count >>> 8
  bytes[offset + COUNT + 1] = count
  bytes[offset + TARGET] = target >>> 24
  bytes[offset + TARGET + 1] = target >>> 16
  bytes[offset + TARGET + 2] = target >>> 8
  bytes[offset + TARGET + 3] = target
}

export function requestOp(bytes: Uint8Array, offset: number): number {
  return bytes[offset + OP]!
}

export function requestFlags(bytes: Uint8Array, offset: number): number {
  return bytes[offset + FLAGS]!
}

export function requestCount(bytes: Uint8Array, offset: number): number {
  return (bytes[offset + COUNT]! << 8) | bytes[offset + COUNT + 1]!
}

export function requestTarget(bytes: Uint8Array, offset: number): number {
  const at = offset + TARGET
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  )
}

/** `requestFault` of a request that is well formed. */
export const NO_FAULT = -1

/**
 * Where a request goes wrong: the offset at which its first wrong field begins (0 op, 1 flags,
 * 2 count, 4 target), or `NO_FAULT`. This is the detail of a BAD_REQUEST response. A NODE target
 * above 1023 is well formed: it names a node that does not exist, and is answered UNKNOWN_NODE.
 */
export function requestFault(op: number, flags: number, count: number, target: number): number {
  if (op < Op.LOCAL || op > Op.CLOCK) return OP
  if ((flags & ~FLAG_FORWARDED) !== 0) return FLAGS
  if (op >= Op.PING) {
    if (count !== 0) return COUNT
  } else if (count < 1 || count > COUNT_MAX) return COUNT
  if (target !== 0 && op !== Op.NODE && op !== Op.KEY) return TARGET
  return NO_FAULT
}
