import { FLAG_FORWARDED, RequestPipeline, Status } from "../../protocol/index.ts"
import type { Op, PipelineReceiver } from "../../protocol/index.ts"
import type { Environment } from "../environment.ts"
import { Outbound } from "../net/outbound.ts"
import type { FlushScheduler, Flushable } from "../flush-scheduler.ts"
import type { Address } from "../net/address.ts"
import type { Attempt, Dial, PeerSocket } from "../net/dial.ts"
import type { AnswerWatch } from "./answer-watch.ts"
import type { ResponseHandler } from "./response-handler.ts"

/** The most requests that wait for their answers on one link. */
export const LINK_IN_FLIGHT_MAX = 65_536

/** A connection that is not open by then is given up: the next attempt may find the peer back. */
const CONNECT_TIMEOUT_MS = 750

const LinkState = {
  CONNECTING: "connecting",
  OPEN: "open",
  CLOSED: "closed",
} as const
type LinkState = (typeof LinkState)[keyof typeof LinkState]

export interface LinkOptions {
  readonly address: Address
  readonly dial: Dial
  readonly environment: Environment
  readonly flushScheduler: FlushScheduler
  /** The oldest request may wait this long before the link is given up. */
  readonly stallMs: number
  /** Looks at every answer to a request for ids. */
  readonly watch?: AnswerWatch
  /** The peer gave an answer that cannot be true; to be closed. */
  readonly lied?: (reason: string) => void
  /** The link is of no more use. Called once, before its requests are told. */
  readonly closed: (reason: string) => void
}

/**
 * One pipelined connection to a peer. Answers come in the order of the requests, so a request needs
 * no number, only its place.
 */
export class Link implements Flushable, PipelineReceiver<ResponseHandler> {
  readonly #options: LinkOptions
  readonly #pipeline = new RequestPipeline<ResponseHandler>(
    this,
    FLAG_FORWARDED,
    LINK_IN_FLIGHT_MAX,
  )
  /** Monotonic milliseconds. */
  readonly createdAtMs: number
  #state: LinkState = LinkState.CONNECTING
  /** The attempt to connect, while it may be given up. */
  #attempt: Attempt | undefined
  #socket: PeerSocket | undefined
  #outbound: Outbound | undefined
  #scheduled = false
  /** It was given up before anything came of the attempt to connect. */
  isDark = false

  constructor(options: LinkOptions) {
    this.#options = options
    this.createdAtMs = options.environment.monotonicMs()
    this.#attempt = options.dial(options.address, {
      opened: (socket) => this.#opened(socket),
      data: (chunk) => this.#pipeline.receive(chunk),
      drained: () => this.#drained(),
      closed: (reason) => {
        this.#attempt = undefined
        this.close(reason)
      },
    })
  }

  get isClosed(): boolean {
    return this.#state === LinkState.CLOSED
  }

  get inFlight(): number {
    return this.#pipeline.inFlight
  }

  /**
   * Sends a request when the turn of the event loop ends. `handler` is told what comes of it, by
   * `deadlineMs` at the latest.
   * @returns false when the link is closed or too much is in flight; `handler` is told nothing then
   */
  send(
    op: Op,
    count: number,
    target: number,
    handler: ResponseHandler,
    nowMs: number,
    deadlineMs: number,
  ): boolean {
    if (this.#state === LinkState.CLOSED) return false
    if (!this.#pipeline.send(op, count, target, handler, nowMs, deadlineMs)) return false
    if (!this.#scheduled) {
      this.#scheduled = true
      this.#options.flushScheduler.schedule(this)
    }
    return true
  }

  flush(): void {
    this.#scheduled = false
    this.#flush()
  }

  /** Gives up what is overdue: requests past their deadline, or the link if it stands still. */
  expire(nowMs: number): void {
    const { stallMs } = this.#options
    if (this.#state === LinkState.CONNECTING && nowMs - this.createdAtMs > CONNECT_TIMEOUT_MS) {
      this.close(`no connection within ${CONNECT_TIMEOUT_MS} ms`)
    } else if (nowMs - this.#pipeline.oldestMs > stallMs) {
      this.close(`no answer within ${stallMs} ms`)
    } else this.#pipeline.expire(nowMs)
  }

  /** Closes the connection; all that is in flight is lost. */
  close(reason: string): void {
    if (this.#state === LinkState.CLOSED) return
    this.#state = LinkState.CLOSED
    this.isDark = this.#attempt !== undefined
    this.#attempt?.abandon()
    this.#pipeline.close()
    this.#socket?.terminate()
    this.#options.closed(reason)
    while (this.#pipeline.inFlight > 0) this.#pipeline.shift()?.lost(Status.NODE_DOWN, 0)
  }

  answered(handler: ResponseHandler | undefined, status: Status, high: number, low: number): void {
    const { watch, lied } = this.#options
    // Only requests for ids time out.
    const isOfIds = handler === undefined || handler.wanted > 0
    const fault = isOfIds ? watch?.answered(handler, status, high, low) : undefined
    if (fault === undefined) handler?.answered(status, high, low)
    else {
      lied?.(fault)
      handler?.lost(Status.NODE_DOWN, 0)
    }
  }

  unknownStatus(code: number): void {
    this.close(`status ${code}`)
  }

  unasked(): void {
    this.close("it answered what was not asked")
  }

  expired(handler: ResponseHandler, waitedMs: number): void {
    if (handler.wanted > 0) this.#options.watch?.expired(handler, waitedMs)
    handler.lost(Status.TIMEOUT, waitedMs)
  }

  #opened(socket: PeerSocket): void {
    if (this.#state === LinkState.CLOSED) {
      socket.terminate()
      return
    }
    this.#state = LinkState.OPEN
    this.#attempt = undefined
    this.#socket = socket
    this.#outbound = new Outbound(socket)
    this.#flush()
  }

  #drained(): void {
    this.#outbound?.drain()
    this.#flush()
  }

  #flush(): void {
    const outbound = this.#outbound
    const { unsent } = this.#pipeline
    if (outbound === undefined || outbound.blocked || unsent.length === 0) return
    outbound.write(unsent.bytes, unsent.length)
    unsent.clear()
  }
}
