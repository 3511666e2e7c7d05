import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs"
import { hostname } from "node:os"
import { FILE_MODE } from "./modes.ts"

/*
 * The file `node.owner`: one line of 256 bytes, which says who has the directory.
 *
 *     <token> process 4711 on db-2 since 2026-03-01T12:00:00.000Z
 *
 * It is always written over in place. A file that is put in the place of another may be hidden for
 * as long as a network file system keeps names in its cache; one that was written to is not.
 */

const LINE_BYTES = 256
/** A host name has at most 64 bytes on Linux, and 253 as DNS has it. */
const HOST_LENGTH_MAX = 100

export function writeOwner(path: string, token: string): void {
  const host = hostname().slice(0, HOST_LENGTH_MAX)
  const since = new Date().toISOString()
  const line = `${token} process ${process.pid} on ${host} since ${since}`
  const file = openSync(path, constants.O_CREAT | constants.O_WRONLY, FILE_MODE)
  try {
    // Not synced: it is for those to see that live now, and a power cut leaves none of them.
    writeSync(file, `${line.padEnd(LINE_BYTES - 1)}\n`, 0)
  } finally {
    closeSync(file)
  }
}

/** The token of whoever has the directory, and what else is said of it. */
export function readOwner(path: string): { readonly token: string; readonly who: string } {
  // Opened anew for each read: that is when a network file system asks its server.
  const line = readFileSync(path, "utf8").trim()
  const end = line.indexOf(" ")
  return { token: line.slice(0, end), who: line.slice(end + 1) }
}
