const LF = 0x0a
const CR = 0x0d
const A = 0x41
const Z = 0x5a
/** What a token has besides capitals, by RFC 9110, 5.6.2. */
const OTHER_TOKEN_BYTES = new Set(
  Buffer.from("abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~"),
)

/** The most bytes of the head of a request: its first line and its header, up to the empty line. */
export const HEAD_SIZE_MAX = 8_192

/** Why there is no whole head; below every offset. */
export const NoHead = {
  /** Its end has not come. */
  UNFINISHED: -1,
  TOO_LONG: -2,
  /** A line feed stands alone, or what begins here is no request of HTTP. */
  MALFORMED: -3,
} as const

/**
 * Finds the end of the head of a request in bytes that may be cut anywhere.
 * @param start where the request begins
 * @param from up to where it was searched before
 * @returns the offset after the empty line that ends it, or one of `NoHead`
 */
export function headEnd(bytes: Uint8Array, start: number, from: number): number {
  const limit = Math.min(bytes.length, start + HEAD_SIZE_MAX)
  if (start === limit || (bytes[start] === CR && start + 1 === limit)) return NoHead.UNFINISHED
  if (!isToken(bytes[start]!)) return NoHead.MALFORMED
  for (let at = from; at < limit; at++) {
    if (bytes[at] !== LF) continue
    if (bytes[at - 1] !== CR) return NoHead.MALFORMED
    if (at - start >= 3 && bytes[at - 2] === LF) return at + 1
  }
  return limit === start + HEAD_SIZE_MAX ? NoHead.TOO_LONG : NoHead.UNFINISHED
}

/**
 * Skips empty lines before a request, as RFC 9112, 2.2, wants it.
 * @returns where the request begins, or a CR whose LF has not come
 */
export function skipEmptyLines(bytes: Uint8Array, start: number): number {
  let at = start
  while (bytes[at] === CR && bytes[at + 1] === LF) at += 2
  return at
}

/** Whether a method may begin so. */
function isToken(byte: number): boolean {
  return (byte >= A && byte <= Z) || OTHER_TOKEN_BYTES.has(byte)
}
