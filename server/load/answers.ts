import { RESPONSE_SIZE, STATUSES, Status } from "../../protocol/index.ts"
import type { Workload } from "./workload.ts"

const LF = 0x0a
const CR = 0x0d
const DOLLAR = 0x24
const STAR = 0x2a
const ZERO = 0x30
const TWO = 0x32
const NINE = 0x39
const COLON = 0x3a
/** In front of the status in the first line of an answer over HTTP. */
const VERSION_BYTES = "HTTP/1.1 ".length
/** So much of a line that refuses is kept. */
const REFUSAL_MAX = 200

/** Counts the answers in the bytes of one connection. */
export interface AnswerCounter {
  readonly refused: number
  /** What the first answer said that was a refusal; undefined: there was none. */
  readonly refusal: string | undefined
  /** @returns how many answers end in this chunk */
  take(chunk: Uint8Array): number
}

export function counterOf({ protocol, count }: Workload): AnswerCounter {
  switch (protocol) {
    case "frames":
      return new FrameCounter()
    case "redis":
      return new LineCounter((first) => linesOfRedis(first, count))
    case "text":
      return new LineCounter((first) => (first >= ZERO && first <= NINE ? count : 0))
    case "http":
      return new HttpCounter(count)
    default:
      return protocol satisfies never
  }
}

class FrameCounter implements AnswerCounter {
  refused = 0
  refusal: string | undefined
  /** Where the next frame begins, from the start of the next chunk. */
  #next = 0

  take(chunk: Uint8Array): number {
    let at = this.#next
    // The bytes of a frame that began in an earlier chunk come first.
    let answers = at > 0 && chunk.length >= at ? 1 : 0
    for (; at < chunk.length; at += RESPONSE_SIZE) {
      if (chunk[at] !== Status.OK) this.#refuse(chunk[at]!)
      if (at + RESPONSE_SIZE <= chunk.length) answers++
    }
    this.#next = at - chunk.length
    return answers
  }

  #refuse(status: number): void {
    this.refused++
    this.refusal ??= STATUSES[status]?.name ?? `status ${status}`
  }
}

/** How many lines an answer of Redis's protocol has that begins so; 0: it is an error, of one line. */
function linesOfRedis(first: number, count: number): number {
  if (first === COLON) return 1
  if (first === DOLLAR) return 2
  return first === STAR ? 1 + 2 * count : 0
}

/** Answers are lines; the first byte tells how many, or that it is a refusal, of one line. */
class LineCounter implements AnswerCounter {
  refused = 0
  refusal: string | undefined
  readonly #linesOf: (first: number) => number
  /** Lines that the current answer still has; 0: the next byte begins one. */
  #left = 0
  #refusalBytes: number[] | undefined

  /** @param linesOf by the first byte of an answer; 0: it is a refusal */
  constructor(linesOf: (first: number) => number) {
    this.#linesOf = linesOf
  }

  take(chunk: Uint8Array): number {
    let answers = 0
    for (let i = 0; i < chunk.length; i++) {
      if (this.#left === 0) this.#begin(chunk[i]!)
      if (chunk[i] !== LF) {
        this.#refusalBytes?.push(chunk[i]!)
        continue
      }
      this.#left--
      if (this.#left > 0) continue
      answers++
      if (this.#refusalBytes !== undefined) this.#endRefusal(this.#refusalBytes)
    }
    return answers
  }

  #begin(first: number): void {
    this.#left = this.#linesOf(first)
    if (this.#left > 0) return
    this.#left = 1
    this.refused++
    if (this.refusal === undefined) this.#refusalBytes = []
  }

  #endRefusal(bytes: readonly number[]): void {
    const text = String.fromCharCode(...bytes.slice(0, REFUSAL_MAX))
    this.refusal = text.replaceAll(/\p{Cc}/gu, "")
    this.#refusalBytes = undefined
  }
}

/** Answers are a head, an empty line, and a body of lines: the ids, or one that says why there are none. */
class HttpCounter implements AnswerCounter {
  refused = 0
  refusal: string | undefined
  readonly #count: number
  #place: "status" | "headers" | "body" = "status"
  /** Bytes of the current line so far, without its carriage return. */
  #length = 0
  /** Lines that the body still has. */
  #left = 0
  #isRefused = false
  #line = ""

  constructor(count: number) {
    this.#count = count
  }

  take(chunk: Uint8Array): number {
    let answers = 0
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!
      if (byte === LF) {
        if (this.#endLine()) answers++
      } else if (byte !== CR) {
        if (this.#place === "status") this.#takeStatus(byte)
        this.#length++
      }
    }
    return answers
  }

  #takeStatus(byte: number): void {
    if (this.#length === VERSION_BYTES) {
      this.#isRefused = byte !== TWO
      this.#left = this.#isRefused ? 1 : this.#count
      if (this.#isRefused) this.refused++
      this.#line = ""
    }
    if (this.#isRefused && this.refusal === undefined && this.#length >= VERSION_BYTES) {
      this.#line += String.fromCharCode(byte)
    }
  }

  /** @returns whether an answer ends with the line */
  #endLine(): boolean {
    const isEmpty = this.#length === 0
    this.#length = 0
    if (this.#place === "body") {
      this.#left--
      if (this.#left > 0) return false
      this.#place = "status"
      return true
    }
    if (this.#place === "status" && this.#isRefused) this.refusal ??= this.#line
    this.#place = isEmpty ? "body" : "headers"
    return false
  }
}
