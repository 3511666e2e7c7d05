import { NODE_ID_MAX, Op, bytesHash } from "../../protocol/index.ts"
import type { ClientExchange } from "./dialect.ts"

const LOCAL = Buffer.from("local")
const RANDOM = Buffer.from("random")
const NODE = Buffer.from("node:")
const KEY = Buffer.from("key:")
const NODE_DIGITS_MAX = 4
const ZERO = 0x30

/** So much of a name that is wrong is shown. */
const SHOWN_MAX = 40

const decoder = new TextDecoder()

/**
 * Puts into the exchange what a name of an id stands for: `local`, `random`, `node:ID` or `key:TEXT`,
 * as the commands `GET` of Redis and `get` of memcached have it. One id is asked for.
 * @returns false when there is no such name
 */
export function parseIdName(
  bytes: Uint8Array,
  start: number,
  end: number,
  exchange: ClientExchange,
): boolean {
  exchange.flags = 0
  exchange.count = 1
  exchange.target = 0
  if (isWhole(bytes, start, end, LOCAL)) exchange.op = Op.LOCAL
  else if (isWhole(bytes, start, end, RANDOM)) exchange.op = Op.RANDOM
  else if (beginsWith(bytes, start, end, KEY)) {
    if (end === start + KEY.length) return false
    exchange.op = Op.KEY
    exchange.target = bytesHash(bytes, start + KEY.length, end)
  } else if (beginsWith(bytes, start, end, NODE)) {
    exchange.op = Op.NODE
    exchange.target = nodeIdIn(bytes, start + NODE.length, end)
    return exchange.target <= NODE_ID_MAX
  } else return false
  return true
}

/** What whoever asks by another name is told; in one line, whatever the name. */
export function noSuchName(name: Uint8Array): string {
  const shown = decoder.decode(name.subarray(0, SHOWN_MAX)).replaceAll(/[^\x20-\x7e]/g, "?")
  const end = name.length > SHOWN_MAX ? "..." : ""
  return `there is no id named "${shown}${end}": it is local, random, node:ID or key:TEXT`
}

/** A node id without leading zeros; Infinity when it is none. */
function nodeIdIn(bytes: Uint8Array, start: number, end: number): number {
  const digits = end - start
  if (digits < 1 || digits > NODE_DIGITS_MAX || (digits > 1 && bytes[start] === ZERO)) {
    return Infinity
  }
  let id = 0
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - ZERO
    if (digit < 0 || digit > 9) return Infinity
    id = 10 * id + digit
  }
  return id
}

function isWhole(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  return end - start === word.length && beginsWith(bytes, start, end, word)
}

function beginsWith(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start < word.length) return false
  for (let i = 0; i < word.length; i++) if (bytes[start + i] !== word[i]) return false
  return true
}
