import {
  FrameReader,
  Op,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  SEQUENCE_MAX,
  Status,
  encodeResponse,
  requestCount,
  requestOp,
  responseHigh,
  responseLow,
  responseStatus,
} from "../../../protocol/index.ts"
import type { Random } from "../random.ts"

const LIES = ["repeat", "future", "carry", "other node", "refusal"] as const
/** An id from then on is of the last 70 years of the format. */
const FAR_HIGH = 0x8000_0000

/** Puts lies into the answers that one node reads from another on one link. */
export class Liar {
  readonly #random: Random
  readonly #isMad: () => boolean
  readonly #requests = new FrameReader(REQUEST_SIZE)
  readonly #answers = new FrameReader(RESPONSE_SIZE)
  /** How many ids each request asks for that was not answered yet; 0: it is a check. */
  readonly #counts: number[] = []
  /** The block that was given before. */
  #high = 0
  #low = 0

  /** @param isMad whether the node at the other end lies now */
  constructor(random: Random, isMad: () => boolean) {
    this.#random = random
    this.#isMad = isMad
  }

  asked(bytes: Uint8Array, offset: number, length: number): void {
    const reader = this.#requests
    reader.push(bytes.slice(offset, offset + length))
    while (reader.nextRun()) {
      for (; reader.start < reader.end; reader.start += REQUEST_SIZE) {
        const isCheck = requestOp(reader.bytes, reader.start) >= Op.PING
        this.#counts.push(isCheck ? 0 : requestCount(reader.bytes, reader.start))
      }
    }
  }

  /** @returns the whole answers that are there now */
  read(chunk: Uint8Array): Uint8Array {
    const reader = this.#answers
    reader.push(chunk)
    const parts: number[] = []
    while (reader.nextRun()) {
      for (; reader.start < reader.end; reader.start += RESPONSE_SIZE) {
        const answer = reader.bytes.slice(reader.start, reader.start + RESPONSE_SIZE)
        this.#spoil(new DataView(answer.buffer), this.#counts.shift() ?? 0)
        parts.push(...answer)
      }
    }
    return Uint8Array.from(parts)
  }

  #spoil(answer: DataView, count: number): void {
    if (count === 0 || responseStatus(answer, 0) !== Status.OK) return
    const high = responseHigh(answer, 0)
    const low = responseLow(answer, 0)
    if (this.#isMad() && this.#random.chance(0.5)) this.#lie(answer, high, low, count)
    this.#high = high
    this.#low = low
  }

  #lie(answer: DataView, high: number, low: number, count: number): void {
    switch (this.#random.pick(LIES)) {
      case "repeat":
        if (this.#high > 0) encodeResponse(answer, 0, Status.OK, this.#high, this.#low)
        break
      case "future":
        if (high < FAR_HIGH) encodeResponse(answer, 0, Status.OK, high + FAR_HIGH, low)
        break
      case "carry":
        if (count > 1) encodeResponse(answer, 0, Status.OK, high, (low | SEQUENCE_MAX) >>> 0)
        break
      case "other node":
        encodeResponse(answer, 0, Status.OK, high, (low ^ (SEQUENCE_MAX + 1)) >>> 0)
        break
      case "refusal":
        encodeResponse(answer, 0, Status.OVERLOADED, 0xffff_ffff, 0xffff_ffff)
    }
  }
}
