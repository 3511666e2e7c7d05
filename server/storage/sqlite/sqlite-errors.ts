import { SQLiteError } from "bun:sqlite"
import { accessSync, constants } from "node:fs"
import { StoreError, StoreFault } from "../errors.ts"

/** How many characters are shown of what SQLite finds wrong: its beginning is enough. */
const DAMAGE_LENGTH_MAX = 160

/** The error for a file whose content is not what was written. */
export function corrupt(path: string, what: string, options?: ErrorOptions): StoreError {
  // SQLite quotes what it finds, line breaks and all.
  const shown = what.replaceAll(/[^\x20-\x7e]+/g, " ").slice(0, DAMAGE_LENGTH_MAX)
  const message =
    `${path} is damaged: ${shown}. Put back the data directory as this node left it, or retire ` +
    "the node id and start in an empty directory with a node id that was never used"
  return new StoreError(StoreFault.CORRUPT, message, options)
}

/** The error for a file system that gives no locks. */
export function noLocks(path: string, cause: unknown): StoreError {
  const message =
    `${path} cannot be locked: its file system gives no locks (ENOLCK), as NFS does without a lock ` +
    "service. Use a local disk, or mount it with NFS 4, with the lock service running, or with nolock"
  return new StoreError(StoreFault.UNUSABLE, message, { cause })
}

/** Whether SQLite did not get the lock it asked for. */
export function isBusy(error: unknown): boolean {
  return error instanceof SQLiteError && (error.code ?? "").startsWith("SQLITE_BUSY")
}

/** Runs `work`; any error of the file system or of SQLite becomes a StoreError that names `path`. */
export function explaining<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw explained(path, error)
  }
}

function explained(path: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause
  const error = cause as Error & { code?: string }
  const code = error.code ?? "no code"
  if (cause instanceof SQLiteError) {
    if (isBusy(cause)) {
      const message = `${path} is in use by another process: one node, one data directory`
      return new StoreError(StoreFault.LOCKED, message, { cause })
    }
    if (/^SQLITE_IOERR_\w*LOCK$/.test(code)) return noLocks(path, cause)
    if (/^SQLITE_(CORRUPT|NOTADB|ERROR|FORMAT)/.test(code)) {
      return corrupt(path, error.message, { cause })
    }
    // The header names a format that this SQLite can read and cannot write.
    if (code === "SQLITE_READONLY" && isWritable(path)) {
      return corrupt(path, "its header forbids writing to it", { cause })
    }
  }
  const message =
    `${path} cannot be used: ${error.message} (${code}). It must be a file that this user can ` +
    "read and write, in a directory that is writable, on a disk with room"
  return new StoreError(StoreFault.UNUSABLE, message, { cause })
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
