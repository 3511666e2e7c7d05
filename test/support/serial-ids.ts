import { composeId } from "../../protocol/index.ts"

/** Ids of a fake node, in order, in blocks that each stay within a millisecond. */
export class SerialIds {
  #serial = 0n

  /** @returns the first of the next `count` ids, of this node */
  next(nodeId: number, count: number): bigint {
    this.#serial += 1n
    if ((this.#serial & 4_095n) + BigInt(count) > 4_096n) {
      this.#serial = (this.#serial | 4_095n) + 1n
    }
    const first = this.#serial
    this.#serial += BigInt(count - 1)
    const time = 77 + Number(first >> 12n)
    return composeId({ time, node: nodeId, sequence: Number(first & 4_095n) })
  }
}
