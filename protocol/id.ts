/*
 * The id, 64 bits, unsigned:
 *
 *   bits 63..22  42  milliseconds since the epoch of the cluster
 *   bits 21..12  10  node id
 *   bits 11..0   12  sequence within that millisecond
 *
 * Where speed matters an id is two 32-bit halves: `high` holds the upper 32 bits of the time,
 * `low` the other 10, the node id and the sequence.
 */
import { DEFAULT_EPOCH_MS, NODE_ID_MAX, SEQUENCE_MAX, TIME_MAX } from "./constants.ts"
import { InputError } from "./errors.ts"

const NODE_SHIFT = 12
const TIME_SHIFT = 22
/** The time has this many values that share one `high` half. */
const TIMES_PER_HIGH = 1024
/** An id is time x this + node id and sequence. */
const IDS_PER_TIME: number = 2 ** TIME_SHIFT
const BELOW_TIME_MASK: number = IDS_PER_TIME - 1

const ID_LIMIT = 1n << 64n
const ID_TEXT_LENGTH_MAX = 20

export interface IdParts {
  /** Milliseconds since the epoch of the cluster, 0..2^42-1. */
  readonly time: number
  /** 0..1023 */
  readonly node: number
  /** 0..4095 */
  readonly sequence: number
}

/** The upper half of every id of this time. */
export function idHigh(time: number): number {
  return (time / TIMES_PER_HIGH) >>> 0
}

/** The lower half of the id with sequence 0 of this time and node; add the sequence to it. */
export function idLowBase(time: number, node: number): number {
  return (((time % TIMES_PER_HIGH) << TIME_SHIFT) | (node << NODE_SHIFT)) >>> 0
}

/** The time out of the halves of an id, milliseconds since the epoch. */
export function idTime(high: number, low: number): number {
  return high * TIMES_PER_HIGH + (low >>> TIME_SHIFT)
}

/** The node id out of the lower half of an id. */
export function idNode(low: number): number {
  return (low >>> NODE_SHIFT) & NODE_ID_MAX
}

/** @throws RangeError when a part is no integer or out of its range. */
export function composeId(parts: IdParts): bigint {
  checkPart("time", parts.time, TIME_MAX)
  checkPart("node", parts.node, NODE_ID_MAX)
  checkPart("sequence", parts.sequence, SEQUENCE_MAX)
  const belowTime = parts.node * (SEQUENCE_MAX + 1) + parts.sequence
  return (BigInt(parts.time) << BigInt(TIME_SHIFT)) | BigInt(belowTime)
}

/**
 * Takes an id apart.
 * @param id a bigint, or decimal text (JavaScript numbers lose digits above 2^53)
 * @throws RangeError when it is not a whole number from 0 to 2^64-1, as one of these.
 */
export function decodeId(id: bigint | string): IdParts {
  const value = typeof id === "string" ? parseId(id) : id
  if (typeof value !== "bigint") {
    throw new InputError(`${value} (${typeof value}) is not an id: a bigint or decimal text`)
  }
  if (value < 0n || value >= ID_LIMIT) throw new InputError(`${value} is not an id: 0 to 2^64-1`)
  const belowTime = Number(value & BigInt(BELOW_TIME_MASK))
  return {
    time: Number(value >> BigInt(TIME_SHIFT)),
    node: idNode(belowTime),
    sequence: belowTime & SEQUENCE_MAX,
  }
}

/** @throws InputError when the text is not 1 to 20 decimal digits below 2^64. */
function parseId(text: string): bigint {
  if (/^[0-9]+$/.test(text) && text.length <= ID_TEXT_LENGTH_MAX) {
    const value = BigInt(text)
    if (value < ID_LIMIT) return value
  }
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text
  throw new InputError(`"${shown}" is not an id: a whole decimal number from 0 to 2^64-1`)
}

/** Unix milliseconds of an id's time field. */
export function idUnixMs(time: number, epochMs: number = DEFAULT_EPOCH_MS): number {
  return epochMs + time
}

/**
 * The smallest and the largest id any node can give out in a span of time, for a range query:
 * `WHERE id BETWEEN first AND last`.
 * @param fromMs first millisecond of the span, Unix milliseconds
 * @param toMs last millisecond of the span, Unix milliseconds, itself included
 * @throws RangeError when the span is empty, or an end is no integer or outside the 42 bits.
 */
export function idRangeForTime(
  fromMs: number,
  toMs: number,
  epochMs: number = DEFAULT_EPOCH_MS,
): { readonly first: bigint; readonly last: bigint } {
  checkPart("fromMs", fromMs, epochMs + TIME_MAX, epochMs)
  checkPart("toMs", toMs, epochMs + TIME_MAX, epochMs)
  if (fromMs > toMs) throw new RangeError(`the span is empty: from ${fromMs} is after to ${toMs}`)
  return {
    first: composeId({ time: fromMs - epochMs, node: 0, sequence: 0 }),
    last: composeId({ time: toMs - epochMs, node: NODE_ID_MAX, sequence: SEQUENCE_MAX }),
  }
}

function checkPart(name: string, value: number, max: number, min = 0): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} ${value} is not a whole number from ${min} to ${max}`)
  }
}
