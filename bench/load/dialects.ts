import {
  Op,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  Status,
  encodeRequest,
  keyHash,
} from "../../protocol/index.ts"
import type { MixPart, Workload } from "./workload.ts"

/** How many different requests are made ahead of time; they are sent over and over. */
const PATTERN_REQUESTS = 4_096

/** One request of each dialect that is always asked for the same. */
const REQUESTS = {
  resp: "*2\r\n$4\r\nINCR\r\n$3\r\nids\r\n",
  text: "lunique\n",
  http: "GET /lunique HTTP/1.1\r\nHost: firn\r\n\r\n",
}
const LF = 0x0a
const ZERO = 0x30
const TWO = 0x32
const NINE = 0x39
const COLON = 0x3a
/** In front of the status in the first line of an answer over HTTP. */
const VERSION_BYTES = "HTTP/1.1 ".length

/** All requests of a workload, one behind the other, twice: any stretch of them lies in one piece. */
export interface Pattern {
  readonly bytes: Uint8Array
  readonly requestSize: number
  /** Where it begins to repeat. */
  readonly length: number
}

/** Counts the answers in the bytes of one connection. */
export interface AnswerCounter {
  refused: number
  /** @returns how many answers end in this chunk */
  take(chunk: Uint8Array): number
}

export function patternOf({ protocol, mix, count }: Workload): Pattern {
  const once = protocol === "firn" ? firnRequests(mix, count) : sameRequests(REQUESTS[protocol])
  const bytes = new Uint8Array(once.length * 2)
  bytes.set(once)
  bytes.set(once, once.length)
  return { bytes, requestSize: once.length / PATTERN_REQUESTS, length: once.length }
}

export function counterOf({ protocol }: Workload): AnswerCounter {
  switch (protocol) {
    case "firn":
      return new FrameCounter()
    case "resp":
      return new LineCounter((first) => first === COLON)
    case "text":
      return new LineCounter((first) => first >= ZERO && first <= NINE)
    case "http":
      return new HttpCounter()
    default:
      return protocol satisfies never
  }
}

function firnRequests(mix: readonly MixPart[], count: number): Uint8Array {
  const bytes = new Uint8Array(PATTERN_REQUESTS * REQUEST_SIZE)
  const total = mix.reduce((sum, { share }) => sum + share, 0)
  // Evenly interleaved: each part is owed its share, and the one that is owed most comes next.
  const owed = mix.map(() => 0)
  for (let i = 0; i < PATTERN_REQUESTS; i++) {
    for (const [at, { share }] of mix.entries()) owed[at]! += share / total
    const next = owed.indexOf(Math.max(...owed))
    owed[next]! -= 1
    const { op, target = op === "KEY" ? keyHash(`user:${i}`) : 0 } = mix[next]!
    encodeRequest(bytes, i * REQUEST_SIZE, Op[op], 0, count, target)
  }
  return bytes
}

function sameRequests(request: string): Uint8Array {
  return new TextEncoder().encode(request.repeat(PATTERN_REQUESTS))
}

class FrameCounter implements AnswerCounter {
  refused = 0
  /** Where the next frame begins, from the start of the next chunk. */
  #next = 0

  take(chunk: Uint8Array): number {
    let at = this.#next
    // The bytes of a frame that began in an earlier chunk come first.
    let answers = at > 0 && chunk.length >= at ? 1 : 0
    for (; at < chunk.length; at += RESPONSE_SIZE) {
      if (chunk[at] !== Status.OK) this.refused++
      if (at + RESPONSE_SIZE <= chunk.length) answers++
    }
    this.#next = at - chunk.length
    return answers
  }
}

/** Answers are lines; the first byte tells a good one. */
class LineCounter implements AnswerCounter {
  refused = 0
  #atStart = true
  readonly #isGood: (first: number) => boolean

  constructor(isGood: (first: number) => boolean) {
    this.#isGood = isGood
  }

  take(chunk: Uint8Array): number {
    let answers = 0
    for (let i = 0; i < chunk.length; i++) {
      if (this.#atStart && !this.#isGood(chunk[i]!)) this.refused++
      this.#atStart = chunk[i] === LF
      if (this.#atStart) answers++
    }
    return answers
  }
}

/** Answers are a head, an empty line, and an id in a line of its own. */
class HttpCounter implements AnswerCounter {
  refused = 0
  #place: "status" | "headers" | "body" = "status"
  /** Bytes of the current line so far. */
  #length = 0

  take(chunk: Uint8Array): number {
    let answers = 0
    for (let i = 0; i < chunk.length; i++) {
      if (chunk[i] !== LF) {
        const isStatus = this.#place === "status" && this.#length === VERSION_BYTES
        if (isStatus && chunk[i] !== TWO) this.refused++
        this.#length++
        continue
      }
      // An empty line has its carriage return.
      const isEmpty = this.#length === 1
      this.#length = 0
      if (this.#place === "body") {
        answers++
        this.#place = "status"
      } else {
        this.#place = isEmpty ? "body" : "headers"
      }
    }
    return answers
  }
}
