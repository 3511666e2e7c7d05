import type { Identity, NodeStore, StoredNode, WantedIdentity } from "./node-store.ts"
import { NodeFile, readIdentity } from "./sqlite/node-file.ts"
import { SqliteStore } from "./sqlite/sqlite-store.ts"

/** Which store a node uses, and where that is. There is one kind so far: SQLite in a directory. */
export interface StoreSettings {
  readonly dataDir: string
}

/**
 * Opens the store that the settings choose, or creates it when nothing is stored there and a node
 * id is given.
 * @throws StoreError with each of its faults
 */
export function openStore({ dataDir }: StoreSettings, wanted: WantedIdentity): Promise<NodeStore> {
  return SqliteStore.open(dataDir, wanted)
}

/**
 * Reads what is stored, also while a node has it open.
 * @returns undefined when nothing is
 * @throws StoreError when it cannot be read, or is another identity than the one wanted
 */
export function storedIdentity(
  { dataDir }: StoreSettings,
  wanted: WantedIdentity,
): StoredNode | undefined {
  return readIdentity(dataDir, wanted)
}

/**
 * Stores a new identity with mark 0, without opening it.
 * @returns false, with nothing changed, when one is stored there already
 * @throws StoreError UNUSABLE when it cannot be written
 */
export function createStore({ dataDir }: StoreSettings, identity: Identity): boolean {
  return NodeFile.create(dataDir, identity)
}
