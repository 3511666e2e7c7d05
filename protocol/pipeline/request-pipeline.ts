import { RESPONSE_SIZE } from "../constants.ts"
import type { Op } from "../constants.ts"
import { FrameReader } from "../frame-reader.ts"
import { responseHigh, responseLow, responseStatus } from "../response.ts"
import { isStatus } from "../statuses.ts"
import type { Status } from "../statuses.ts"
import { InFlight } from "./in-flight.ts"
import { RequestBuffer } from "./request-buffer.ts"

/** Hears what becomes of the requests of a pipeline; it may close the pipeline at any of these. */
export interface PipelineReceiver<Owner extends object> {
  /** The answer to the oldest request. It has no owner if it timed out, or was sent without one. */
  answered(owner: Owner | undefined, status: Status, high: number, low: number): void
  /** The oldest request was answered with a status that there is not. It is still in flight. */
  unknownStatus(code: number): void
  /** An answer came while nothing was in flight. */
  unasked(): void
  /** The deadline of a request has come. Its place stays taken until its answer comes. */
  expired(owner: Owner, waitedMs: number): void
}

/**
 * The client's side of a connection on which requests are pipelined, without the connection: its
 * owner writes what is unsent, and hands in the chunks that it reads and the time. An answer has no
 * number: it belongs to the oldest request that has none yet.
 */
export class RequestPipeline<Owner extends object> {
  /** What the owner has to write and then to clear. */
  readonly unsent: RequestBuffer = new RequestBuffer()
  readonly #receiver: PipelineReceiver<Owner>
  readonly #flags: number
  readonly #inFlight: InFlight<Owner>
  readonly #reader = new FrameReader(RESPONSE_SIZE)
  #isClosed = false

  /**
   * @param flags of every request
   * @param max how many requests may be in flight, a power of two
   */
  constructor(receiver: PipelineReceiver<Owner>, flags: number, max: number) {
    this.#receiver = receiver
    this.#flags = flags
    this.#inFlight = new InFlight<Owner>(max)
  }

  /** How many requests have no answer yet, those that timed out included. */
  get inFlight(): number {
    return this.#inFlight.size
  }

  /** When the oldest of them was sent; Infinity when there is none. */
  get oldestMs(): number {
    return this.#inFlight.oldestMs
  }

  /** The earliest deadline of those that have not timed out; Infinity when there are none. */
  earliestDeadlineMs(): number {
    return this.#inFlight.earliestDeadlineMs()
  }

  /**
   * Appends a request to what is unsent. Not to be called after `close`.
   * @returns false when too much is in flight
   */
  send(
    op: Op,
    count: number,
    target: number,
    owner: Owner | undefined,
    nowMs: number,
    deadlineMs: number,
  ): boolean {
    if (!this.#inFlight.push(owner, nowMs, deadlineMs)) return false
    this.unsent.append(op, this.#flags, count, target)
    return true
  }

  /** Hands the answers in a chunk to the receiver, in order, until it closes the pipeline. */
  receive(chunk: Uint8Array): void {
    if (this.#isClosed) return
    const reader = this.#reader
    const inFlight = this.#inFlight
    const receiver = this.#receiver
    reader.push(chunk)
    while (reader.nextRun()) {
      const { bytes, end } = reader
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      for (let at = reader.start; at < end; at += RESPONSE_SIZE) {
        const status = responseStatus(view, at)
        if (inFlight.size === 0) receiver.unasked()
        else if (!isStatus(status)) receiver.unknownStatus(status)
        else {
          const owner = inFlight.shift()
          receiver.answered(owner, status, responseHigh(view, at), responseLow(view, at))
        }
        if (this.#isClosed) return
      }
      reader.start = end
    }
  }

  /** Tells the receiver of every request whose deadline has come. */
  expire(nowMs: number): void {
    this.#inFlight.expire(nowMs, (owner, sentAtMs) =>
      this.#receiver.expired(owner, Math.round(nowMs - sentAtMs)),
    )
  }

  /** From now on nothing is read. What is in flight stays there for `shift`. */
  close(): void {
    this.#isClosed = true
  }

  /** Takes the oldest request out; there must be one. @returns its owner, if it has one */
  shift(): Owner | undefined {
    return this.#inFlight.shift()
  }
}
