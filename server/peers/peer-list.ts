import { closeSync, openSync, readSync } from "node:fs"
import { InputError, NODE_ID_MAX } from "../../protocol/index.ts"
import { addressText, parseAddress } from "../net/address.ts"
import type { PeerEntry } from "./peer-set.ts"

/** A list of 1,024 nodes with long names and a comment each is smaller. */
export const PEERS_FILE_MAX_BYTES: number = 1024 * 1024
/** A host name has at most 253 characters. */
const ENTRY_MAX_LENGTH = 300

/**
 * Reads `0@127.0.0.1:6454,1@127.0.0.1:6455`.
 * @throws InputError that names the entry that is wrong
 */
export function parsePeers(text: string): PeerEntry[] {
  return checked(text.split(",").map((entry) => entry.trim()))
}

/** The text that `parsePeers` reads as these entries. */
export function peersText(entries: readonly PeerEntry[]): string {
  return entries.map(({ nodeId, address }) => `${nodeId}@${addressText(address)}`).join(",")
}

/**
 * Reads a file with one entry a line; what follows a `#` is a comment.
 * @throws InputError that names the file, and the entry that is wrong
 */
export function readPeersFile(path: string): PeerEntry[] {
  const text = readAll(path)
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim())
  try {
    return checked(lines.filter((line) => line !== ""))
  } catch (error) {
    throw new InputError(`${path}: ${(error as Error).message}`, { cause: error })
  }
}

/**
 * A list of a file must have the node in it that reads it: one that was cut off, or that is of
 * another cluster, would take every peer away from it.
 * @throws InputError that names the file
 */
export function requireNode(entries: readonly PeerEntry[], nodeId: number, path: string): void {
  if (entries.length === 0) throw new InputError(`${path} lists no node`)
  if (entries.some((entry) => entry.nodeId === nodeId)) return
  throw new InputError(`${path} does not list this node, which is ${nodeId}`)
}

/** @throws InputError that names the file */
function readAll(path: string): string {
  const bytes = Buffer.allocUnsafe(PEERS_FILE_MAX_BYTES + 1)
  let length = 0
  try {
    const file = openSync(path, "r")
    try {
      for (let read = -1; read !== 0 && length < bytes.length; length += read) {
        read = readSync(file, bytes, length, bytes.length - length, null)
      }
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw new InputError(`${path} cannot be read: ${(error as Error).message}`, { cause: error })
  }
  if (length > PEERS_FILE_MAX_BYTES) {
    throw new InputError(`${path} is larger than ${PEERS_FILE_MAX_BYTES} bytes`)
  }
  return bytes.toString("utf8", 0, length)
}

function checked(texts: readonly string[]): PeerEntry[] {
  const seen = new Set<number>()
  return texts.map((text) => {
    const entry = parseEntry(text)
    if (seen.has(entry.nodeId)) throw new InputError(`"${text}" lists node ${entry.nodeId} twice`)
    seen.add(entry.nodeId)
    return entry
  })
}

function parseEntry(text: string): PeerEntry {
  if (text.length > ENTRY_MAX_LENGTH) {
    throw new InputError(`"${text.slice(0, 40)}…" is too long to be ID@HOST:PORT`)
  }
  const [, idText, hostAndPort] = /^([0-9]{1,9})@(.+)$/.exec(text) ?? []
  if (idText === undefined || hostAndPort === undefined) {
    throw new InputError(`"${text}" is not ID@HOST:PORT, for example 1@127.0.0.1:6455`)
  }
  const nodeId = Number(idText)
  if (nodeId > NODE_ID_MAX) {
    throw new InputError(`"${text}" has node id ${nodeId}: the largest is ${NODE_ID_MAX}`)
  }
  try {
    return { nodeId, address: parseAddress(hostAndPort) }
  } catch (error) {
    throw new InputError(`"${text}": ${(error as Error).message}`, { cause: error })
  }
}
