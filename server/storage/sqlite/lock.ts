import { Database } from "bun:sqlite"
import { rmSync } from "node:fs"
import { isBusy, noLocks } from "./sqlite-errors.ts"

/**
 * Takes the lock that lasts until the database is closed.
 * @param path what is said to be in use when there is no lock to be had
 * @throws SQLiteError when another process has it, StoreError when the file system gives none
 */
export function lock(path: string, database: Database): void {
  try {
    database.run("PRAGMA busy_timeout = 0")
    database.run("PRAGMA locking_mode = EXCLUSIVE")
    database.run("PRAGMA synchronous = FULL")
    database.run("BEGIN EXCLUSIVE")
  } catch (error) {
    throw isBusy(error) && !hasLocks(path) ? noLocks(path, error) : error
  }
  database.run("COMMIT")
  // Already so, unless a damaged header names another mode.
  database.run("PRAGMA journal_mode = DELETE")
}

/**
 * Whether the file system gives locks at all. SQLite says that a file is busy also when the system
 * has said ENOLCK. A file that no other process knows of is never busy.
 */
function hasLocks(path: string): boolean {
  const probe = `${path}.${process.pid}.probe`
  try {
    using database = new Database(probe, { readwrite: true, create: true })
    database.run("BEGIN EXCLUSIVE")
    return true
  } catch (error) {
    // Of anything else that is wrong here, nothing is known about locks.
    return !isBusy(error)
  } finally {
    rmSync(probe, { force: true })
  }
}
