import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { FILE_MODE } from "./modes.ts"

/** What `link` fails with where a file cannot have two names: exFAT, SMB, some kinds of FUSE. */
const NO_LINKS: readonly (string | undefined)[] = ["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"]

/**
 * Puts a draft in its place, unless there is a file already. A crash half way leaves nothing there
 * that is not whole, and of two processes that do this at the same time one wins.
 * @returns false when there was one
 */
export function placeNew(draft: string, path: string): boolean {
  const wasPlaced = placeByLink(draft, path) ?? placeByRename(draft, path)
  if (!wasPlaced) return false
  const directory = dirname(resolve(path))
  syncDirectory(directory)
  syncDirectory(dirname(directory))
  return true
}

/** Whether there is a file. One that a crash has kept `placeNew` from putting there is put there. */
export function isPlaced(path: string): boolean {
  const size = statSync(path, { throwIfNoEntry: false })?.size
  if (size === 0) finishPlacing(path)
  return size !== undefined
}

/** Makes the names in a directory durable. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, "r")
  try {
    fsyncSync(directory)
  } catch (error) {
    // SMB and some kinds of FUSE cannot sync a directory; there it is up to the server.
    if (codeOf(error) !== "EINVAL") throw error
  } finally {
    closeSync(directory)
  }
}

/** @returns undefined when the file system has no links */
function placeByLink(draft: string, path: string): boolean | undefined {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    const code = codeOf(error)
    if (code === "EEXIST") return false
    if (NO_LINKS.includes(code)) return undefined
    throw error
  }
}

/**
 * Takes the name with an empty file, which only one process can make, and then puts the draft over
 * it. A crash in between leaves the empty file and, beside it, what belongs there.
 */
function placeByRename(draft: string, path: string): boolean {
  renameSync(draft, wholeOf(path))
  try {
    closeSync(openSync(path, "wx", FILE_MODE))
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error
    if (statSync(path).size > 0) {
      rmSync(wholeOf(path), { force: true })
      return false
    }
  }
  return finishPlacing(path)
}

/** @returns false when there is nothing to be put there, as another process has done it */
function finishPlacing(path: string): boolean {
  try {
    renameSync(wholeOf(path), path)
    return true
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false
    throw error
  }
}

function wholeOf(path: string): string {
  return `${path}.whole`
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
