import type { PeerEntry } from "../../../server/peers/peer-set.ts"
import type { World } from "../world.ts"

/** The nodes that a node is told of, and since when it has known each. */
export class Listing {
  /** What it is told of at first, and again in the end. */
  readonly full: readonly PeerEntry[]
  /** What it is to be told of now. */
  current: readonly PeerEntry[]
  readonly #world: World
  /** Until when a node was missing from the list. Infinity: it is missing now. */
  readonly #missingUntilMs = new Map<number, number>()

  constructor(world: World, full: readonly PeerEntry[]) {
    this.#world = world
    this.full = this.current = full
  }

  change(list: readonly PeerEntry[]): void {
    this.current = list
    for (const entry of this.full) {
      if (!list.includes(entry)) this.#missingUntilMs.set(entry.nodeId, Infinity)
    }
  }

  /** The node has been told of these. */
  told(list: readonly PeerEntry[]): void {
    for (const { nodeId } of list) {
      if (this.#missingUntilMs.get(nodeId) !== Infinity) continue
      this.#missingUntilMs.set(nodeId, this.#world.nowMs)
    }
  }

  /** Whether a node has been on the list all the time since a moment. */
  hasHad(nodeId: number, sinceMs: number): boolean {
    const isKnown = this.full.some((entry) => entry.nodeId === nodeId)
    return isKnown && (this.#missingUntilMs.get(nodeId) ?? -Infinity) < sinceMs
  }
}
