import type { MarkStore } from "../generator/reservation.ts"

/** What is written once and never changes. */
export interface Identity {
  /** 0..1023 */
  readonly nodeId: number
  /** Unix milliseconds */
  readonly epochMs: number
}

/** What a start asks of the store; a field left out is taken from what is stored. */
export interface WantedIdentity {
  readonly nodeId?: number | undefined
  readonly epochMs?: number | undefined
}

export interface StoredNode extends Identity {
  /** The high-water mark, milliseconds since the epoch: no id has a time at or past it. */
  readonly mark: number
}

/** What a store may find out at any time while it is open. */
export interface StoreEvents {
  /**
   * Another process has taken over the node id and its mark, and begins at a mark that no id of
   * this process has reached. The store tells it once, as soon as it knows; when an `extend` shows
   * it, before that `extend` fails.
   * @param reason who has it now, as the end of a sentence for an operator
   */
  lost(reason: string): void
}

/** A node's identity and mark. This process alone has them, until the store tells of their loss. */
export interface NodeStore extends MarkStore {
  readonly node: StoredNode
  /** Sets who hears the events. What happened before is told at once. Called once. */
  watch(events: StoreEvents): void
  /**
   * Finishes an `extend` that is under way, stores the exact mark and lets go of the data; no
   * `extend` may follow.
   * @param mark undefined when the identity is lost: the stored mark is another's and stays
   * @throws StoreError when the mark could not be written; the one before it still stands
   */
  close(mark: number | undefined): Promise<void>
}
