import type { FlushScheduler, Flushable } from "../flush-scheduler.ts"

/** How many nodes one round draws among, at most. */
const HAND_MAX = 8

/**
 * The random choice of a node. A round of the event loop writes once to each node that it asks, and
 * these writes are most of the cost: spread over a thousand nodes each request of the round would
 * have a write of its own. So the first draws of a round are a hand of nodes, and its others draw
 * from that. Each draw by itself is uniform over all live nodes; only those of a busy round
 * depend on each other.
 */
export class Hand implements Flushable {
  readonly #random: () => number
  readonly #flushScheduler: FlushScheduler
  readonly #nodeIds = new Int32Array(HAND_MAX)
  #size = 0
  /** What the hand was drawn from. */
  #live: readonly number[] = []
  #scheduled = false

  /** @param random uniform in [0, 1) */
  constructor(random: () => number, flushScheduler: FlushScheduler) {
    this.#random = random
    this.#flushScheduler = flushScheduler
  }

  /** @param live the ids of the nodes that can be drawn, at least one; a changed list is another array */
  draw(live: readonly number[]): number {
    if (live.length <= HAND_MAX) return this.#drawOf(live)
    if (live !== this.#live) {
      this.#live = live
      this.#size = 0
    }
    if (this.#size === HAND_MAX) return this.#drawOf(this.#nodeIds)
    const nodeId = this.#drawOf(live)
    this.#nodeIds[this.#size++] = nodeId
    if (!this.#scheduled) {
      this.#scheduled = true
      this.#flushScheduler.schedule(this)
    }
    return nodeId
  }

  flush(): void {
    this.#scheduled = false
    this.#size = 0
  }

  #drawOf(nodeIds: ArrayLike<number>): number {
    return nodeIds[Math.floor(this.#random() * nodeIds.length)]!
  }
}
