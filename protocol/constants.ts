/**
 * Sizes, operation codes, flags and limits of wire protocol version 1, and the layout of an id.
 * `protocol/README.md` is the normative text; a number that appears there appears in code only here.
 */

/** A request is exactly this many bytes. */
export const REQUEST_SIZE = 8
/** A response is exactly this many bytes. */
export const RESPONSE_SIZE = 9

/** Operation codes: byte 0 of a request. */
export const Op = {
  LOCAL: 0x01,
  NODE: 0x02,
  RANDOM: 0x03,
  KEY: 0x04,
  PING: 0x05,
  EPOCH: 0x06,
  CLOCK: 0x07,
} as const
export type Op = (typeof Op)[keyof typeof Op]

/** Request flag, bit 0: sent by a peer; the receiver answers it itself and never forwards it. */
export const FLAG_FORWARDED = 0x01

/** The most ids one request can ask for: all that a node has in one millisecond. */
export const COUNT_MAX = 4096

/** The largest node id (10 bits). */
export const NODE_ID_MAX = 1023
/** The largest sequence within a millisecond (12 bits). */
export const SEQUENCE_MAX = 4095
/** The largest time field, in milliseconds since the epoch (42 bits). */
export const TIME_MAX: number = 2 ** 42 - 1
/** From this time field on an id no longer fits a positive signed 64-bit integer. */
export const SIGNED_TIME_LIMIT: number = 2 ** 41

/** 2026-01-01T00:00:00Z in Unix milliseconds: the epoch of a cluster that was given none. */
export const DEFAULT_EPOCH_MS = 1_767_225_600_000
/** The longest text line in bytes, its line ending not counted. */
export const TEXT_LINE_MAX = 256
