import { expect } from "bun:test"
import { Database } from "bun:sqlite"
import { readdirSync } from "node:fs"
import type { StoreFault } from "../../server/storage/errors.ts"
import { NodeFile, nodeFilePath } from "../../server/storage/sqlite/node-file.ts"
import type { StoredNode } from "../../server/storage/node-store.ts"
import { storeErrorOf } from "./store-errors.ts"
import { TempDir } from "./temp-dir.ts"

/** What a `DataDir` has stored. */
export const STORED: StoredNode = { nodeId: 5, epochMs: 1_767_225_600_000, mark: 123_456_789 }

/** What may be shown on a terminal. */
export const ONE_LINE: RegExp = /^[\x20-\x7e]+$/

/** A data directory whose mark has been written a few times. */
export class DataDir extends TempDir {
  readonly file: string = nodeFilePath(this.path)

  constructor() {
    super()
    const file = NodeFile.open(this.path, STORED)
    for (const mark of [1, 2, STORED.mark]) file.writeMark(mark)
    file.close()
  }

  /** Runs SQL on the file, as anybody with SQLite's tools can. */
  edit(...statements: string[]): void {
    using database = new Database(this.file)
    for (const statement of statements) database.run(statement)
  }

  open(): StoredNode {
    const file = NodeFile.open(this.path, {})
    file.close()
    return file.node
  }

  /** Expects a refusal that names the file and says what to do, with no file made or removed. */
  expectRefused(what?: string, fault: StoreFault = "CORRUPT"): void {
    const names = readdirSync(this.path)
    const error = storeErrorOf(() => this.open())
    expect(error.message).toStartWith(this.file)
    expect(error.message).toMatch(ONE_LINE)
    expect(error.message).toContain(fault === "CORRUPT" ? "Put back the data directory" : "must be")
    expect(error.fault).toBe(fault)
    if (what !== undefined) expect(error.message).toContain(what)
    expect(readdirSync(this.path)).toEqual(names)
  }
}
