/*
 * The value of an answer to PING, 64 bits:
 *
 *   bits 63..48  16  node id
 *   bits 47..0   48  start number: random, drawn once when the process starts
 *
 * Two processes that answer with one node id are told apart by their start numbers.
 */
import { halvesToNumber, highHalf, lowHalf } from "./halves.ts"

const NODE_SHIFT = 16
const START_HIGH_MASK: number = 2 ** NODE_SHIFT - 1

/**
 * The upper half of the value.
 * @param startNumber 0 to 2^48-1
 */
export function pingHigh(nodeId: number, startNumber: number): number {
  return ((nodeId << NODE_SHIFT) | highHalf(startNumber)) >>> 0
}

/** The lower half of the value. */
export function pingLow(startNumber: number): number {
  return lowHalf(startNumber)
}

/** The node id, 0 to 65,535, out of the upper half. */
export function pingNode(high: number): number {
  return high >>> NODE_SHIFT
}

/** The start number, 0 to 2^48-1. */
export function pingStartNumber(high: number, low: number): number {
  return halvesToNumber(high & START_HIGH_MASK, low)
}
