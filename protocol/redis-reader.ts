/*
 * Reads commands of Redis's protocol (RESP, https://redis.io/docs/latest/develop/reference/protocol-spec/):
 *
 *   *<number of arguments> CR LF, then for each: $<its length> CR LF <its bytes> CR LF
 */

/** The most arguments of a command, the bytes of one, and those of a whole command. */
export const REDIS_ARGS_MAX = 4_096
export const REDIS_ARG_SIZE_MAX = 512
export const REDIS_COMMAND_SIZE_MAX = 65_536
/** More digits than a length can have that is allowed. */
const LENGTH_LINE_MAX = 16

const STAR = 0x2a
const DOLLAR = 0x24
const MINUS = 0x2d
const ZERO = 0x30
const NINE = 0x39
const CR = 0x0d
const LF = 0x0a

const NOTHING = new Uint8Array(0)

/** What `next` has found. */
export const RedisInput = {
  NOTHING: 0,
  COMMAND: 1,
  /** The bytes are no command; `fault` says why, and nothing can be read behind them. */
  MALFORMED: 2,
} as const
export type RedisInput = (typeof RedisInput)[keyof typeof RedisInput]

/** Where the line ends whose length was read last. */
let lineEnd = 0
/** What else a line may have than a length: -1, or no end yet, or something wrong. */
const NONE = -1
const INCOMPLETE = -2
const NO_LENGTH = -3

/** Where the arguments of the command lie that was read last, whoever read it: to be used at once. */
const starts = new Uint32Array(REDIS_ARGS_MAX)
const ends = new Uint32Array(REDIS_ARGS_MAX)

/**
 * Cuts a byte stream into commands, whatever the chunks it arrives in, without a copy but of a command
 * that straddles two chunks.
 */
export class RedisReader {
  /** In which the arguments lie. */
  bytes: Uint8Array = NOTHING
  #position = 0
  /** `next` finds nothing before there are so many bytes from the position on. */
  #needed = 1

  /** Of the command that `next` has found. */
  argCount = 0
  /** Why the input is malformed, as Redis says it. */
  fault = ""

  /** Bytes of an unfinished command. */
  get kept(): number {
    return this.bytes.length - this.#position
  }

  /** Where the argument at `index` begins and ends: until the next call of any reader's `next`. */
  argStart(index: number): number {
    return starts[index]!
  }

  argEnd(index: number): number {
    return ends[index]!
  }

  /** Takes the next chunk, which stays the reader's own. Only after `next` has found nothing. */
  push(chunk: Uint8Array): void {
    const { kept } = this
    if (kept === 0) this.bytes = chunk
    else {
      const joined = new Uint8Array(kept + chunk.length)
      joined.set(this.bytes.subarray(this.#position))
      joined.set(chunk, kept)
      this.bytes = joined
    }
    this.#position = 0
  }

  next(): RedisInput {
    const { bytes } = this
    const size = bytes.length
    if (size - this.#position < this.#needed) return this.#wait(this.#needed)
    const start = this.#skipEmptyLines()
    if (start === size || (bytes[start] === CR && start + 1 === size)) {
      return this.#wait(size - start + 1)
    }
    if (bytes[start] !== STAR) return this.#refuse(`expected '*', got '${shown(bytes[start]!)}'`)
    const count = lengthAt(bytes, start + 1)
    if (count === INCOMPLETE) return this.#wait(size - start + 1)
    if (count === NO_LENGTH || count > REDIS_ARGS_MAX) {
      return this.#refuse("invalid multibulk length")
    }
    let at = lineEnd
    for (let i = 0; i < count; i++) {
      if (at >= size) return this.#wait(at - start + 1)
      if (bytes[at] !== DOLLAR) return this.#refuse(`expected '$', got '${shown(bytes[at]!)}'`)
      const length = lengthAt(bytes, at + 1)
      if (length === INCOMPLETE) return this.#wait(size - start + 1)
      if (length < 0 || length > REDIS_ARG_SIZE_MAX) return this.#refuse("invalid bulk length")
      const end = lineEnd + length
      if (end + 2 - start > REDIS_COMMAND_SIZE_MAX) return this.#refuse("too big command")
      if (end + 2 > size) return this.#wait(end + 2 - start)
      if (bytes[end] !== CR || bytes[end + 1] !== LF) {
        return this.#refuse("expected CR LF behind a bulk string")
      }
      starts[i] = lineEnd
      ends[i] = end
      at = end + 2
    }
    this.#position = at
    this.#needed = 1
    this.argCount = Math.max(0, count)
    return RedisInput.COMMAND
  }

  /** Goes on behind what its caller has read itself. @param position where a command begins */
  skipTo(position: number): void {
    this.#position = position
    this.#needed = 1
  }

  /** Where the next command begins. */
  get position(): number {
    return this.#position
  }

  /** Commands may have empty lines between them, such as `redis-cli --pipe` sends. */
  #skipEmptyLines(): number {
    const { bytes } = this
    let at = this.#position
    for (;;) {
      if (bytes[at] === LF) at++
      else if (bytes[at] === CR && bytes[at + 1] === LF) at += 2
      else break
    }
    return (this.#position = at)
  }

  #wait(needed: number): RedisInput {
    this.#needed = needed
    // What is kept must not hold on to the chunk it came in.
    this.bytes = this.kept === 0 ? NOTHING : new Uint8Array(this.bytes.subarray(this.#position))
    this.#position = 0
    return RedisInput.NOTHING
  }

  #refuse(fault: string): RedisInput {
    this.fault = fault
    return RedisInput.MALFORMED
  }
}

/** The length that stands in a line. */
function lengthAt(bytes: Uint8Array, start: number): number {
  const size = bytes.length
  let at = start
  const isNegative = bytes[at] === MINUS
  if (isNegative) at++
  const firstDigit = at
  let value = 0
  for (; at < size; at++) {
    const byte = bytes[at]!
    if (byte < ZERO || byte > NINE) break
    value = value * 10 + byte - ZERO
    if (at - firstDigit >= LENGTH_LINE_MAX) return NO_LENGTH
  }
  if (at === size) return INCOMPLETE
  if (bytes[at] !== CR || at === firstDigit) return NO_LENGTH
  if (at + 1 === size) return INCOMPLETE
  if (bytes[at + 1] !== LF || (isNegative && value !== 1)) return NO_LENGTH
  lineEnd = at + 2
  return isNegative ? NONE : value
}

/** A byte as it can stand in a line of text. */
function shown(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "?"
}
