import {
  FLAG_FORWARDED,
  FrameReader,
  InFlight,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  STATUSES,
  Status,
  encodeRequest,
  responseHigh,
  responseLow,
  responseStatus,
} from "../../protocol/index.ts"
import type { Environment } from "../environment.ts"
import { Outbound } from "../net/outbound.ts"
import type { FlushScheduler, Flushable } from "../flush-scheduler.ts"
import type { Address } from "../net/address.ts"
import type { Dial, PeerSocket } from "../net/dial.ts"

/** What waits for an answer of a link. */
export interface Pending {
  answered(status: number, high: number, low: number): void
  /** There will be no answer; `detail` goes with the status, 32 bits. */
  lost(status: number, detail: number): void
}

/** The most requests that wait for their answers on one link. */
export const LINK_IN_FLIGHT_MAX = 65_536

/** A connection that is not open by then is given up. Below the backoff's cap, see there. */
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
  /** The link is of no more use. Called once, before its requests are told. */
  readonly closed: (reason: string) => void
}

/**
 * One pipelined connection to a peer. Answers come in the order of the requests, so a request needs
 * no number, only its place.
 */
export class Link implements Flushable {
  readonly #options: LinkOptions
  readonly #inFlight = new InFlight<Pending>(LINK_IN_FLIGHT_MAX)
  readonly #reader = new FrameReader(RESPONSE_SIZE)
  /** Monotonic milliseconds. */
  readonly createdAtMs: number
  #state: LinkState = LinkState.CONNECTING
  #socket: PeerSocket | undefined
  #outbound: Outbound | undefined
  #unsent = new Uint8Array(64 * REQUEST_SIZE)
  #unsentLength = 0
  #scheduled = false

  constructor(options: LinkOptions) {
    this.#options = options
    this.createdAtMs = options.environment.monotonicMs()
    options.dial(options.address, {
      opened: (socket) => this.#opened(socket),
      data: (chunk) => this.#receive(chunk),
      drained: () => this.#drained(),
      closed: (reason) => this.close(reason),
    })
  }

  get isClosed(): boolean {
    return this.#state === LinkState.CLOSED
  }

  get inFlight(): number {
    return this.#inFlight.size
  }

  /**
   * Sends a request at the end of this round; `owner` hears what comes of it, by `deadlineMs` at the
   * latest. @returns false, and `owner` hears nothing, when too much is in flight
   */
  send(
    op: number,
    count: number,
    target: number,
    owner: Pending,
    now: number,
    deadlineMs: number,
  ): boolean {
    if (this.#state === LinkState.CLOSED || !this.#inFlight.push(owner, now, deadlineMs))
      return false
    if (this.#unsentLength === this.#unsent.length) this.#growUnsent()
    encodeRequest(this.#unsent, this.#unsentLength, op, FLAG_FORWARDED, count, target)
    this.#unsentLength += REQUEST_SIZE
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

  /** Gives up what is overdue: requests past their deadline, and the link itself if it stands still. */
  expire(now: number): void {
    const { stallMs } = this.#options
    if (this.#state === LinkState.CONNECTING && now - this.createdAtMs > CONNECT_TIMEOUT_MS) {
      this.close(`no connection within ${CONNECT_TIMEOUT_MS} ms`)
    } else if (now - this.#inFlight.oldestMs > stallMs) {
      this.close(`no answer within ${stallMs} ms`)
    } else {
      this.#inFlight.expire(now, (owner, sentAtMs) =>
        owner.lost(Status.TIMEOUT, Math.round(now - sentAtMs)),
      )
    }
  }

  /** Closes the connection; all that is in flight is lost. */
  close(reason: string): void {
    if (this.#state === LinkState.CLOSED) return
    this.#state = LinkState.CLOSED
    this.#socket?.terminate()
    this.#options.closed(reason)
    while (this.#inFlight.size > 0) this.#inFlight.shift()?.lost(Status.NODE_DOWN, 0)
  }

  #opened(socket: PeerSocket): void {
    if (this.#state === LinkState.CLOSED) {
      socket.terminate()
      return
    }
    this.#state = LinkState.OPEN
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
    if (outbound === undefined || outbound.blocked || this.#unsentLength === 0) return
    outbound.write(this.#unsent, this.#unsentLength)
    this.#unsentLength = 0
  }

  /** Bounded, since each of these requests is in flight too. */
  #growUnsent(): void {
    const grown = new Uint8Array(this.#unsent.length * 2)
    grown.set(this.#unsent)
    this.#unsent = grown
  }

  #receive(chunk: Uint8Array): void {
    if (this.#state === LinkState.CLOSED) return
    const reader = this.#reader
    reader.push(chunk)
    while (reader.nextRun()) {
      const { bytes, end } = reader
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      for (; reader.start < end; reader.start += RESPONSE_SIZE) {
        if (!this.#settle(view, reader.start)) return
      }
    }
  }

  /** @returns false when the link had to be closed */
  #settle(view: DataView, offset: number): boolean {
    const status = responseStatus(view, offset)
    if (this.#inFlight.size === 0 || status >= STATUSES.length) {
      this.close(status < STATUSES.length ? "it answered what was not asked" : `status ${status}`)
      return false
    }
    const owner = this.#inFlight.shift()
    owner?.answered(status, responseHigh(view, offset), responseLow(view, offset))
    return this.#state !== LinkState.CLOSED
  }
}
