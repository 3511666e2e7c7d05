import { Database } from "bun:sqlite"
import { rmSync } from "node:fs"
import { isBusy, noLocks } from "./sqlite-errors.ts"

/**
 * How long is waited for a lock, in milliseconds. Two processes that start at once are in each
 * other's way for an instant; whoever holds the lock for good is still there after it.
 */
const PATIENCE_MS = 200

/**
 * Takes the lock that lasts until the database is closed. Of processes that want it at the same
 * time one gets it.
 * @param path what is said to be in use when there is no lock to be had
 * @throws SQLiteError when another process has it, StoreError when the file system gives none
 */
export function lock(path: string, database: Database): void {
  try {
    database.run(`PRAGMA busy_timeout = ${PATIENCE_MS}`)
    database.run("PRAGMA synchronous = FULL")
    // Whoever asks in exclusive mode keeps the lock to read when it fails to get the one to write,
    // so that two who ask together would both fail.
    database.run("BEGIN EXCLUSIVE")
    database.run("PRAGMA locking_mode = EXCLUSIVE")
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
