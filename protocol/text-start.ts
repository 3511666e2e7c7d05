const LF = 0x0a
const CR = 0x0d
/** Each command of TELNET begins with it, and goes on with one of the bytes from 240 on (RFC 854). */
const TELNET_IAC = 0xff
const TELNET_COMMAND_MIN = 0xf0

/**
 * Whether a connection that begins with these bytes speaks lines of text. No op has the number of a
 * printable character. Somebody who presses Enter first (CR, LF, or both) is told from a frame with a
 * wrong op by what follows, and so is a command of TELNET.
 * @param first what has come first: one byte at least
 */
export function isTextStart(first: Uint8Array): boolean {
  const [byte, next] = first
  if (byte === CR || byte === LF) return next === undefined || isEnd(next) || isPrintable(next)
  if (byte === TELNET_IAC) return next !== undefined && next >= TELNET_COMMAND_MIN
  return isPrintable(byte!)
}

function isEnd(byte: number): boolean {
  return byte === CR || byte === LF
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte <= 0x7e
}
