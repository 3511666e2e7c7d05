import type { TurnEnd, TurnTask } from "../turn-end.ts"

/** How many nodes one turn of the event loop draws among, at most. */
const HAND_MAX = 8

/**
 * The random choice of a node. A turn of the event loop writes once to each node that it asks, and
 * these writes are most of the cost: with requests of one turn spread over a thousand nodes each
 * would have a write of its own. So the first draws of a turn are a hand of nodes, and the
 * others of that turn draw from it. Each draw by itself is uniform over all live nodes; only
 * those of a busy turn depend on each other.
 */
export class Hand implements TurnTask {
  readonly #random: () => number
  readonly #turnEnd: TurnEnd
  readonly #nodeIds = new Int32Array(HAND_MAX)
  #size = 0
  /** What the hand was drawn from. */
  #live: readonly number[] = []
  #scheduled = false

  /** @param random uniform in [0, 1) */
  constructor(random: () => number, turnEnd: TurnEnd) {
    this.#random = random
    this.#turnEnd = turnEnd
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
      this.#turnEnd.schedule(this)
    }
    return nodeId
  }

  turnEnded(): void {
    this.#scheduled = false
    this.#size = 0
  }

  #drawOf(nodeIds: ArrayLike<number>): number {
    return nodeIds[Math.floor(this.#random() * nodeIds.length)]!
  }
}
