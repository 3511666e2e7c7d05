import { readFileSync } from "node:fs"
import { InputError, NODE_ID_MAX } from "../../protocol/index.ts"
import { addressText, parseAddress } from "../net/address.ts"
import type { PeerEntry } from "./peer-set.ts"

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
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch (error) {
    throw new InputError(`${path} cannot be read: ${(error as Error).message}`, { cause: error })
  }
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim())
  try {
    return checked(lines.filter((line) => line !== ""))
  } catch (error) {
    throw new InputError(`${path}: ${(error as Error).message}`, { cause: error })
  }
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
