/** An id, or the first of a block, as the halves of its 64 bits. */
export interface Halves {
  readonly high: number
  readonly low: number
}

const scratch = new DataView(new ArrayBuffer(8))

export function toHalves(high: number, low: number): Halves {
  return { high, low }
}

/** A quarter of the cost of shifting one bigint and adding another. */
export function toBigInt(high: number, low: number): bigint {
  scratch.setUint32(0, high)
  scratch.setUint32(4, low)
  return scratch.getBigUint64(0)
}
