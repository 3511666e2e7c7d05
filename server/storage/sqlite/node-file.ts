import { Database, constants } from "bun:sqlite"
import { closeSync, mkdirSync, openSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { DEFAULT_EPOCH_MS, NODE_ID_MAX } from "../../../protocol/index.ts"
import { StoreError, StoreFault } from "../errors.ts"
import type { Identity, StoredNode, WantedIdentity } from "../node-store.ts"
import { lock } from "./lock.ts"
import { DIRECTORY_MODE, FILE_MODE } from "./modes.ts"
import { isPlaced, placeNew } from "./place-new.ts"
import { readVerifiedRow, writeRowMark, writeSchema } from "./schema.ts"
import type { Row } from "./schema.ts"
import { corrupt, explaining } from "./sqlite-errors.ts"

/** The smallest page of an SQLite file, in bytes. */
const PAGE_SIZE_MIN = 512

export function nodeFilePath(dataDir: string): string {
  return join(dataDir, "node.sqlite")
}

/**
 * `node.sqlite`, held with an exclusive lock from `open` to `close`. Synchronous: a write returns
 * when it is durable.
 *
 * The rollback journal is used and not a write-ahead log, so that the file alone is the truth: a
 * log that gets lost or damaged would silently bring an older mark back.
 */
export class NodeFile {
  readonly node: StoredNode
  readonly #path: string
  readonly #database: Database
  readonly #row: Row
  readonly #inode: number

  private constructor(path: string, database: Database, row: Row) {
    this.#path = path
    this.#database = database
    this.#row = row
    this.#inode = statSync(path).ino
    this.node = { nodeId: row.node_id, epochMs: row.epoch_ms, mark: row.mark }
  }

  /**
   * Opens the file of `dataDir`, or creates it when there is none and a node id is given.
   * @throws StoreError with each of its faults
   */
  static open(dataDir: string, wanted: WantedIdentity): NodeFile {
    const path = nodeFilePath(dataDir)
    return explaining(path, () => {
      if (!isPlaced(path)) createWanted(path, dataDir, wanted)
      checkSize(path)
      const database = new Database(path, { readwrite: true, create: false })
      try {
        lock(path, database)
        const file = new NodeFile(path, database, readVerifiedRow(path, database))
        checkIdentity(path, file.node, wanted)
        return file
      } catch (error) {
        database.close()
        throw error
      }
    })
  }

  /**
   * Writes a new file with mark 0.
   * @returns false, with nothing changed, when there is one already
   * @throws StoreError UNUSABLE when the directory or file cannot be written
   */
  static create(dataDir: string, identity: Identity): boolean {
    const path = nodeFilePath(dataDir)
    return explaining(path, () => {
      mkdirSync(dataDir, { recursive: true, mode: DIRECTORY_MODE })
      if (isPlaced(path)) return false
      const draft = `${path}.${process.pid}.new`
      try {
        rmSync(draft, { force: true })
        writeDraft(path, draft, identity)
        return placeNew(draft, path)
      } finally {
        rmSync(draft, { force: true })
      }
    })
  }

  /**
   * Makes a mark durable.
   * @throws StoreError when it could not be written, or the file is no longer the one in its place
   */
  writeMark(mark: number): void {
    explaining(this.#path, () => {
      this.#checkInPlace()
      writeRowMark(this.#database, this.#row, mark)
    })
  }

  close(): void {
    this.#database.close()
  }

  /** A file that was moved or replaced still takes writes, but the next start would not see them. */
  #checkInPlace(): void {
    const inode = statSync(this.#path, { throwIfNoEntry: false })?.ino
    if (inode === this.#inode) return
    throw new StoreError(
      StoreFault.UNUSABLE,
      `${this.#path} was ${inode === undefined ? "removed" : "replaced"} while this node runs: ` +
        "put the file back that was there",
    )
  }
}

/**
 * What a file says that never changes, without its lock. Another process may hold that, and write.
 * @returns undefined when there is no file
 * @throws StoreError
 */
export function readIdentity(dataDir: string, wanted: WantedIdentity): StoredNode | undefined {
  const path = nodeFilePath(dataDir)
  return explaining(path, () => {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined
    checkSize(path)
    const { SQLITE_OPEN_READONLY, SQLITE_OPEN_URI } = constants
    const uri = `${pathToFileURL(path).href}?immutable=1`
    using database = new Database(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI)
    const row = database.query<Row, []>("SELECT * FROM node").get()
    if (row === null) throw corrupt(path, "it has 0 rows")
    const stored = { nodeId: row.node_id, epochMs: row.epoch_ms, mark: row.mark }
    checkIdentity(path, stored, wanted)
    return stored
  })
}

/** SQLite takes a file below its smallest page for an empty database, and makes it into one. */
function checkSize(path: string): void {
  const { size } = statSync(path)
  if (size === 0) throw corrupt(path, "it is empty")
  if (size < PAGE_SIZE_MIN) throw corrupt(path, `it has only ${size} bytes`)
}

function createWanted(path: string, dataDir: string, wanted: WantedIdentity): void {
  if (wanted.nodeId === undefined) {
    throw new StoreError(
      StoreFault.NO_NODE_ID,
      `no node id is stored in ${path}: give one with --node-id (0 to ${NODE_ID_MAX}), ` +
        "a different one for every node of the cluster",
    )
  }
  const epochMs = wanted.epochMs ?? DEFAULT_EPOCH_MS
  NodeFile.create(dataDir, { nodeId: wanted.nodeId, epochMs })
}

function checkIdentity(path: string, stored: Identity, wanted: WantedIdentity): void {
  if (wanted.nodeId !== undefined && wanted.nodeId !== stored.nodeId) {
    throw new StoreError(
      StoreFault.MISMATCH,
      `${path} belongs to node id ${stored.nodeId}, but --node-id is ${wanted.nodeId}: ` +
        "a node id never changes; use another data directory",
    )
  }
  if (wanted.epochMs !== undefined && wanted.epochMs !== stored.epochMs) {
    throw new StoreError(
      StoreFault.MISMATCH,
      `${path} has the epoch ${epochText(stored.epochMs)}, but --epoch is ` +
        `${epochText(wanted.epochMs)}: an epoch never changes; leave --epoch out`,
    )
  }
}

function epochText(epochMs: number): string {
  return `${new Date(epochMs).toISOString()} (${epochMs})`
}

function writeDraft(path: string, draft: string, identity: Identity): void {
  // SQLite would let everybody read it. Its journals get the mode of the file.
  closeSync(openSync(draft, "wx", FILE_MODE))
  const database = new Database(draft, { readwrite: true, create: false })
  try {
    lock(path, database)
    writeSchema(database, identity, new Date().toISOString())
  } finally {
    database.close()
  }
}
