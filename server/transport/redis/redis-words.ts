import { bytesHash } from "../../../protocol/index.ts"
import type { OwnIds } from "../dialect.ts"

/** The request that most send who want speed. Letters of the command may be large or small. */
export const GET_LOCAL: Uint8Array = Buffer.from("*2\r\n$3\r\nget\r\n$5\r\nlocal\r\n")
/** What is set in each byte before it is compared: the bit of small letters. */
const FOLD: Uint8Array = GET_LOCAL.map((_, i) => (i >= 8 && i < 11 ? 0x20 : 0))
const INCREMENT = Buffer.from("*2\r\n$4\r\nincr\r\n$")
const INCREMENT_FOLD: Uint8Array = INCREMENT.map((_, i) => (i >= 8 && i < 12 ? 0x20 : 0))
const CR = 0x0d
const LF = 0x0a
const ZERO = 0x30
const NINE = 0x39
export const GET: Uint8Array = Buffer.from("get")
export const INCR: Uint8Array = Buffer.from("incr")

export function isGetLocal(bytes: Uint8Array, at: number): boolean {
  if (at + GET_LOCAL.length > bytes.length) return false
  for (let i = 0; i < GET_LOCAL.length; i++) {
    if ((bytes[at + i]! | FOLD[i]!) !== GET_LOCAL[i]!) return false
  }
  return true
}

/**
 * Where a command ends that is `INCR` with a key of up to 99 bytes that this node owns; 0 when it is
 * another one, or not whole.
 */
export function ownIncrementEnd(bytes: Uint8Array, at: number, router: OwnIds): number {
  const size = bytes.length
  if (at + INCREMENT.length + 2 > size) return 0
  for (let i = 0; i < INCREMENT.length; i++) {
    if ((bytes[at + i]! | INCREMENT_FOLD[i]!) !== INCREMENT[i]!) return 0
  }
  let start = at + INCREMENT.length
  let length = digit(bytes[start++]!)
  if (length > 0 && bytes[start] !== CR) length = 10 * length + digit(bytes[start++]!)
  const end = start + 2 + length
  if (length <= 0 || end + 2 > size || bytes[start] !== CR || bytes[start + 1] !== LF) return 0
  if (bytes[end] !== CR || bytes[end + 1] !== LF) return 0
  return router.ownsKey(bytesHash(bytes, start + 2, end)) ? end + 2 : 0
}

/** What a digit stands for; of every other byte a number far below 0. */
function digit(byte: number): number {
  return byte >= ZERO && byte <= NINE ? byte - ZERO : -1_000
}

/** Whether the bytes are this word of small letters, in whatever case. */
export function isWord(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start !== word.length) return false
  for (let i = 0; i < word.length; i++) if ((bytes[start + i]! | 0x20) !== word[i]!) return false
  return true
}
