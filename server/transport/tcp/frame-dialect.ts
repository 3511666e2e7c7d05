import {
  FrameReader,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  Status,
  encodeResponse,
  ownCount,
  requestCount,
  requestFlags,
  requestOp,
  requestTarget,
} from "../../../protocol/index.ts"
import { Flight } from "../../routing/forwarded-request.ts"
import type { FlightOrigin } from "../../routing/forwarded-request.ts"
import { Routed } from "../../routing/router.ts"
import type { Router } from "../../routing/router.ts"
import type { Flushable } from "../../flush-scheduler.ts"
import { AnswerQueue, PENDING_MAX } from "../answer-queue.ts"
import { Work } from "../dialect.ts"
import type { Dialect, DialectParts } from "../dialect.ts"

/** The most answers in one write: as many requests as the largest chunk that Bun reads holds. */
const RUN_MAX = 65_536

/** Where answers are put together before they are written; one for all, since a run is synchronous. */
const scratch = new Uint8Array(RUN_MAX * RESPONSE_SIZE)
const scratchView = new DataView(scratch.buffer)
/** How much of it is used. */
let length = 0

/**
 * Frames of the binary protocol. A chunk of requests for this node is answered with one write. From
 * the first request on that another node has to answer, answers wait in a queue for their turn.
 */
export class FrameDialect implements Dialect, FlightOrigin, Flushable {
  readonly #parts: DialectParts
  readonly #router: Router
  readonly #reader = new FrameReader(REQUEST_SIZE)
  readonly #queue = new AnswerQueue()
  #scheduled = false
  taken = 0
  readonly finished = false

  constructor(parts: DialectParts) {
    this.#parts = parts
    this.#router = parts.router
  }

  get pending(): number {
    return this.#queue.size
  }

  push(chunk: Uint8Array): void {
    this.#reader.push(chunk)
  }

  /** A frame that never got whole is no request. */
  pushEnd(): void {}

  settled(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#parts.flushScheduler.schedule(this)
  }

  flush(): void {
    this.#scheduled = false
    this.#parts.ready()
  }

  run(): Work {
    const { outbound } = this.#parts
    let work: Work
    do {
      length = 0
      this.#encodeSettled()
      work = this.#answerInput()
      if (length > 0) outbound.write(scratch, length)
      // BLOCKED for want of room in `scratch`, there is again.
    } while (work === Work.BLOCKED && !outbound.blocked)
    return outbound.blocked ? Work.BLOCKED : work
  }

  /** The queue is far smaller than `scratch`. */
  #encodeSettled(): void {
    for (let answer = this.#queue.shiftDone(); answer; answer = this.#queue.shiftDone()) {
      this.#encode(answer)
      if (answer instanceof Flight) this.#router.release(answer)
    }
  }

  #encode({ status, high, low }: { status: number; high: number; low: number }): void {
    encodeResponse(scratchView, length, status, high, low)
    length += RESPONSE_SIZE
  }

  #answerInput(): Work {
    const reader = this.#reader
    if (reader.start === reader.end && !reader.nextRun()) return Work.IDLE
    this.#router.begin()
    while (reader.start < reader.end || reader.nextRun()) {
      const start = reader.start
      const work = this.#queue.size === 0 ? this.#answerRun() : this.#queueRun()
      this.taken += (reader.start - start) / REQUEST_SIZE
      if (work !== Work.IDLE) return work
    }
    return Work.IDLE
  }

  /** Answers the current run into `scratch`, up to a request that another node has to answer. */
  #answerRun(): Work {
    const { local } = this.#router
    const { generator, nodeId } = local
    const { bytes, end } = this.#reader
    let offset = this.#reader.start
    let work: Work = Work.IDLE
    while (offset < end && this.#queue.size === 0) {
      if (length === scratch.length) {
        work = Work.BLOCKED
        break
      }
      const count = ownCount(bytes, offset, nodeId)
      if (count > 0 && generator.take(count) === Status.OK) {
        encodeResponse(scratchView, length, Status.OK, generator.high, generator.low)
        length += RESPONSE_SIZE
      } else {
        const routed = this.#route(bytes, offset)
        if (routed === Routed.WAIT) {
          work = Work.WAITING
          break
        }
        if (routed === Routed.ANSWERED) this.#encode(local)
        else this.#queue.push(this.#router.flight)
      }
      offset += REQUEST_SIZE
    }
    this.#reader.start = offset
    return work
  }

  /** Puts the answers to the current run behind those that are awaited. */
  #queueRun(): Work {
    const { local } = this.#router
    const { bytes, end } = this.#reader
    let offset = this.#reader.start
    let work: Work = Work.IDLE
    for (; offset < end; offset += REQUEST_SIZE) {
      if (this.#queue.size === PENDING_MAX) {
        work = Work.FULL
        break
      }
      const routed = this.#route(bytes, offset)
      if (routed === Routed.WAIT) {
        work = Work.WAITING
        break
      }
      const isHere = routed === Routed.ANSWERED
      this.#queue.push(
        isHere
          ? { done: true, status: local.status, high: local.high, low: local.low }
          : this.#router.flight,
      )
    }
    this.#reader.start = offset
    return work
  }

  #route(bytes: Uint8Array, offset: number): Routed {
    return this.#router.route(
      requestOp(bytes, offset),
      requestFlags(bytes, offset),
      requestCount(bytes, offset),
      requestTarget(bytes, offset),
      this,
    )
  }
}
