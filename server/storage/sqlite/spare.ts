import { renameSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { FILE_MODE } from "./modes.ts"

/*
 * The file `node.spare`: the room that the mark of the next process takes, so that a node comes back
 * after a crash on a full disk. A process makes it its own by a rename, which succeeds for one only.
 * Nobody has it open any more by then, so nobody writes to what has become another's.
 */

/** What a write fails with when the disk is full, or a user's share of it. */
const NO_ROOM: readonly (string | undefined)[] = ["ENOSPC", "EDQUOT"]

/** Makes the spare, if there is one, into this file beside it. */
export function takeSpare(path: string): void {
  try {
    renameSync(spareBeside(path), path)
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error
  }
}

/**
 * Makes a spare. Where there is no room for one, the next start will need some.
 * @param draft a path beside it that no other process uses
 */
export function leaveSpare(draft: string, bytes: number): void {
  try {
    writeFileSync(draft, Buffer.alloc(bytes), { mode: FILE_MODE })
    renameSync(draft, spareBeside(draft))
  } catch (error) {
    if (!NO_ROOM.includes(codeOf(error))) throw error
    rmSync(draft, { force: true })
  }
}

function spareBeside(path: string): string {
  return join(dirname(path), "node.spare")
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
