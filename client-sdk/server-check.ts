import { Op, Status, halvesToNumber, pingNode, pingStartNumber } from "../protocol/index.ts"

/** What a server has told of itself. */
export interface ServerIdentity {
  readonly epochMs: number
  /** undefined when it is about to stop, and does not say. */
  readonly node: number | undefined
  /** Drawn anew whenever the node starts. */
  readonly startNumber: number
}

/** What a new connection asks, in this order. */
export const CHECK_OPS: readonly Op[] = [Op.EPOCH, Op.PING]

/** The answers to what a new connection asks: whether this is a Firn node at all, and which. */
export class ServerCheck {
  #epochMs: number | undefined
  /** Once all has been answered. */
  identity: ServerIdentity | undefined

  /** @param status as it came @returns why the server must not be used, if so */
  answered(status: number, high: number, low: number): string | undefined {
    if (this.#epochMs !== undefined) {
      const isTold = status === Status.OK
      const node = isTold ? pingNode(high) : undefined
      this.identity = { epochMs: this.#epochMs, node, startNumber: pingStartNumber(high, low) }
      return undefined
    }
    if (status === Status.OK) {
      this.#epochMs = halvesToNumber(high, low)
      return undefined
    }
    return `it answered EPOCH with status ${status}: is this a node's TCP port?`
  }
}
