import { DEFAULT_EPOCH_MS } from "../../protocol/index.ts"
import type { NodeStore, StoreEvents, StoredNode } from "../../server/storage/node-store.ts"
import { MemoryStore } from "./memory-store.ts"
import type { VirtualEnvironment } from "./virtual-environment.ts"

/** The store of a whole node, from which a test can take the identity away. */
export class MemoryNodeStore extends MemoryStore implements NodeStore {
  readonly node: StoredNode
  /** What `close` was called with, each time. */
  readonly closedWith: (number | undefined)[] = []
  #events: StoreEvents | undefined
  #lost: string | undefined

  constructor(environment: VirtualEnvironment, nodeId: number, mark = 0) {
    super(environment, mark)
    this.node = { nodeId, epochMs: DEFAULT_EPOCH_MS, mark }
  }

  watch(events: StoreEvents): void {
    this.#events = events
    if (this.#lost !== undefined) events.lost(this.#lost)
  }

  /** Another process takes over. */
  lose(reason: string): void {
    this.#lost = reason
    this.#events?.lost(reason)
  }

  close(mark: number | undefined): Promise<void> {
    this.closedWith.push(mark)
    if (mark !== undefined) this.mark = mark
    return Promise.resolve()
  }
}
