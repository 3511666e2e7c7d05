import {
  FLAG_FORWARDED,
  FrameReader,
  Op,
  REQUEST_SIZE,
  requestCount,
  requestFlags,
  requestOp,
  requestTarget,
} from "../../../protocol/index.ts"
import type { World } from "../world.ts"

/** The target of a request that any node may answer. */
export const ANY_NODE = -1

/**
 * Holds what nodes send to each other against what clients have asked for: a request goes to each
 * node at most once, and what was forwarded goes no further. Requests are told apart by their
 * count, of which there are 4,096.
 */
export class ForwardLedger {
  readonly #world: World
  /** How often clients asked, and how often nodes forwarded, by way and count. */
  readonly #due = new Map<number, number>()
  readonly #spent = new Map<number, number>()

  constructor(world: World) {
    this.#world = world
  }

  /** A client asks the node `entry`; `target` is a node, or ANY_NODE. */
  asked(entry: number, target: number, count: number): void {
    const key = keyOf(entry, target, count)
    this.#due.set(key, (this.#due.get(key) ?? 0) + 1)
  }

  /** @returns what has to see all bytes that one node writes on one link to another */
  watch(from: number, to: number): (bytes: Uint8Array, offset: number, length: number) => void {
    const reader = new FrameReader(REQUEST_SIZE)
    return (bytes, offset, length) => {
      reader.push(bytes.slice(offset, offset + length))
      while (reader.nextRun()) {
        for (; reader.start < reader.end; reader.start += REQUEST_SIZE) {
          this.#sent(from, to, reader.bytes, reader.start)
        }
      }
    }
  }

  #sent(from: number, to: number, bytes: Uint8Array, at: number): void {
    const op = requestOp(bytes, at)
    const link = `node ${from} to node ${to}`
    if (requestFlags(bytes, at) !== FLAG_FORWARDED) {
      this.#world.breaks(`${link}: a request is not marked as forwarded`)
    }
    if (op >= Op.PING) return
    const count = requestCount(bytes, at)
    if (op !== Op.NODE || requestTarget(bytes, at) !== to || to === from) {
      this.#world.breaks(`${link}: op ${op} with target ${requestTarget(bytes, at)}`)
    }
    this.#charge(from, to, count, link)
  }

  /** At least as many requests must have been for this node, or for any, as are forwarded to it. */
  #charge(from: number, to: number, count: number, link: string): void {
    const strict = keyOf(from, to, count)
    const forwarded = this.#spent.get(strict) ?? 0
    const allowed =
      (this.#due.get(strict) ?? 0) + (this.#due.get(keyOf(from, ANY_NODE, count)) ?? 0)
    if (forwarded >= allowed) {
      this.#world.breaks(`${link}: a request for ${count} ids was forwarded more often than asked`)
    }
    this.#spent.set(strict, forwarded + 1)
  }
}

function keyOf(from: number, to: number, count: number): number {
  return (from * 1_025 + to + 1) * 4_097 + count
}
