import type { FlushScheduler, Flushable } from "../flush-scheduler.ts"

/** The most nodes that one batch of requests is spread over. */
const NODES_PER_BATCH = 8

/**
 * The random choice of a node. A node writes once per batch to each peer that it asks, and these
 * writes are most of the cost: in a cluster of a thousand, each request of a batch would have a
 * write of its own. So the first picks of a batch are kept, and its later ones pick among these.
 * Each pick by itself is uniform over all live nodes. Only those of one batch depend on each other.
 */
export class RandomPicker implements Flushable {
  readonly #random: () => number
  readonly #flushScheduler: FlushScheduler
  readonly #picked = new Int32Array(NODES_PER_BATCH)
  #size = 0
  /** The list that the kept picks were made from. */
  #live: readonly number[] = []
  #scheduled = false

  /** @param random uniform in [0, 1) */
  constructor(random: () => number, flushScheduler: FlushScheduler) {
    this.#random = random
    this.#flushScheduler = flushScheduler
  }

  /** @param live the ids of the nodes to pick from, at least one; a changed list is another array */
  pick(live: readonly number[]): number {
    if (live.length <= NODES_PER_BATCH) return this.#pickOf(live)
    if (live !== this.#live) {
      this.#live = live
      this.#size = 0
    }
    if (this.#size === NODES_PER_BATCH) return this.#pickOf(this.#picked)
    const nodeId = this.#pickOf(live)
    this.#picked[this.#size++] = nodeId
    if (!this.#scheduled) {
      this.#scheduled = true
      this.#flushScheduler.schedule(this)
    }
    return nodeId
  }

  /** The batch is over. */
  flush(): void {
    this.#scheduled = false
    this.#size = 0
  }

  #pickOf(nodeIds: ArrayLike<number>): number {
    return nodeIds[Math.floor(this.#random() * nodeIds.length)]!
  }
}
