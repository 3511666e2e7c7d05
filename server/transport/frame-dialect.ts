import {
  FrameReader,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  Status,
  encodeResponse,
  plainLocalCount,
  requestCount,
  requestFlags,
  requestOp,
  requestTarget,
} from "../../protocol/index.ts"
import type { LocalNode } from "../routing/local-node.ts"
import { Work } from "./dialect.ts"
import type { Dialect } from "./dialect.ts"
import type { Outbound } from "./outbound.ts"

/** The most answers in one write: as many requests as the largest chunk that Bun reads holds. */
const RUN_MAX = 65_536

/** Where answers are put together before they are written; one for all, since a run is synchronous. */
const scratch = new Uint8Array(RUN_MAX * RESPONSE_SIZE)
const scratchView = new DataView(scratch.buffer)

/** Frames of the binary protocol: a chunk of requests is answered with one write. */
export class FrameDialect implements Dialect {
  readonly #node: LocalNode
  readonly #outbound: Outbound
  readonly #reader = new FrameReader(REQUEST_SIZE)
  answered = 0
  readonly finished = false

  constructor(node: LocalNode, outbound: Outbound) {
    this.#node = node
    this.#outbound = outbound
  }

  push(chunk: Uint8Array): void {
    this.#reader.push(chunk)
  }

  /** A frame that never got whole is no request. */
  pushEnd(): void {}

  run(): Work {
    const reader = this.#reader
    this.#node.begin()
    let length = 0
    let work: Work = Work.IDLE
    while (reader.start < reader.end || reader.nextRun()) {
      length = this.#answerRun(length)
      if (reader.start === reader.end) continue
      if (length < scratch.length) {
        work = Work.WAITING
        break
      }
      this.#flush(length)
      length = 0
      if (this.#outbound.blocked) return Work.BLOCKED
    }
    if (length > 0) this.#flush(length)
    return this.#outbound.blocked ? Work.BLOCKED : work
  }

  /**
   * Answers the current run into `scratch` from `length` on, until the run or the room ends or a
   * request has to wait.
   * @returns the new length
   */
  #answerRun(length: number): number {
    const node = this.#node
    const generator = node.generator
    const { bytes, end } = this.#reader
    let offset = this.#reader.start
    while (offset < end && length < scratch.length) {
      const count = plainLocalCount(bytes, offset)
      if (count > 0 && generator.take(count) === Status.OK) {
        encodeResponse(scratchView, length, Status.OK, generator.high, generator.low)
      } else {
        if (!this.#answerFrame(bytes, offset)) break
        encodeResponse(scratchView, length, node.status, node.high, node.low)
      }
      offset += REQUEST_SIZE
      length += RESPONSE_SIZE
    }
    this.#reader.start = offset
    return length
  }

  #answerFrame(bytes: Uint8Array, offset: number): boolean {
    return this.#node.answer(
      requestOp(bytes, offset),
      requestFlags(bytes, offset),
      requestCount(bytes, offset),
      requestTarget(bytes, offset),
    )
  }

  #flush(length: number): void {
    this.answered += length / RESPONSE_SIZE
    this.#outbound.write(scratch, length)
  }
}
