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

/** A node's identity and mark, held by this process alone from opening to closing. */
export interface NodeStore extends MarkStore {
  readonly node: StoredNode
  /**
   * Stores the exact mark and lets go of the data; no `extend` may follow.
   * @throws StoreError when the mark could not be written; the one before it still stands
   */
  close(mark: number): Promise<void>
}
