import {
  FrameReader,
  InFlight,
  Op,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  STATUSES,
  Status,
  encodeRequest,
  halvesToNumber,
  responseHigh,
  responseLow,
  responseStatus,
} from "../protocol/index.ts"
import type { Call } from "./call.ts"
import type { Environment, Timer } from "./environment.ts"
import { FirnError, statusError } from "./errors.ts"
import type { TlsOptions } from "./options.ts"
import type { ServerAddress } from "./server-address.ts"
import type { ClientSocket } from "./socket.ts"
import type { FlushScheduler, Flushable } from "./flush-scheduler.ts"

/** The most requests that wait for their answers on one connection. */
const PLACES_MAX = 65_536
/** From so many bytes on they are written at once, to be on their way while more are made. */
const FLUSH_AT = 4_096 * REQUEST_SIZE

const ConnectionState = {
  CONNECTING: "connecting",
  /** Asked for its epoch; no request goes out before it has answered. */
  CHECKING: "checking",
  READY: "ready",
  CLOSED: "closed",
} as const
type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState]

export interface ConnectionOptions {
  /** The server's name, for errors. */
  readonly server: string
  readonly address: ServerAddress
  readonly tls: TlsOptions | undefined
  readonly connectTimeoutMs: number
  /** The oldest request may wait this long before the connection is given up. */
  readonly stallMs: number
  readonly environment: Environment
  readonly flushScheduler: FlushScheduler
}

export interface ConnectionEvents {
  /** It is open, and counts from this epoch. @returns why it must not be used, if so */
  checked(epochMs: number): string | undefined
  ready(): void
  /** A call has failed here, and may go elsewhere. */
  failed(call: Call, failure: FirnError): void
  /** It is of no more use. Called once, before its calls are told. */
  closed(failure: FirnError, reason: string): void
}

/**
 * One pipelined connection: answers come in the order of the requests. A call that timed out or was
 * aborted keeps its place, so that its late answer is not taken for the next one's.
 */
export class Connection implements Flushable {
  readonly #options: ConnectionOptions
  readonly #events: ConnectionEvents
  readonly #inFlight = new InFlight<Call>(PLACES_MAX)
  readonly #reader = new FrameReader(RESPONSE_SIZE)
  readonly #socket: ClientSocket
  #state: ConnectionState = ConnectionState.CONNECTING
  #unsent = new Uint8Array(64 * REQUEST_SIZE)
  #unsentLength = 0
  #isFlushDue = false
  #isBlocked = false
  #timer: Timer
  #armedForMs = Infinity

  /** A call has timed out here and nothing has come since. */
  isLate = false
  /** When it could be used first, monotonic milliseconds; Infinity before. */
  readySinceMs: number = Infinity

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#options = options
    this.#events = events
    const { address, tls, connectTimeoutMs, environment } = options
    this.#timer = environment.after(connectTimeoutMs, () =>
      this.close(`no connection within ${connectTimeoutMs} ms`),
    )
    this.#socket = environment.dial(address, tls, {
      opened: () => this.#opened(),
      data: (chunk) => this.#receive(chunk),
      drained: () => this.#drained(),
      closed: (reason, cause) => this.close(reason, cause),
    })
  }

  /** Places taken by requests that are not answered yet. */
  get inFlight(): number {
    return this.#inFlight.size
  }

  /**
   * Sends a request at the end of this turn. Only when ready.
   * @returns false when too much is in flight here
   */
  send(call: Call, nowMs: number, tryTimeoutMs: number): boolean {
    const deadlineMs = Math.min(call.deadlineMs, nowMs + tryTimeoutMs)
    if (!this.#inFlight.push(call, nowMs, deadlineMs)) return false
    const { op, value } = call.options.target
    this.#append(op, call.count, value)
    const nextMs = Math.min(deadlineMs, nowMs + this.#options.stallMs)
    if (nextMs < this.#armedForMs) this.#arm(nextMs, nowMs)
    if (!this.#isFlushDue) {
      this.#isFlushDue = true
      this.#options.flushScheduler.schedule(this)
    } else if (this.#unsentLength >= FLUSH_AT) this.#flush()
    return true
  }

  /** Closes the connection; its calls go elsewhere. */
  close(reason: string, cause?: unknown): void {
    if (this.#state === ConnectionState.CLOSED) return
    this.#state = ConnectionState.CLOSED
    this.#timer.cancel()
    this.#socket.destroy()
    const { server } = this.#options
    const failure = new FirnError("CONNECT_FAILED", `${server}: ${reason}`, { server, cause })
    this.#events.closed(failure, reason)
    while (this.#inFlight.size > 0) {
      const call = this.#inFlight.shift()
      if (call !== undefined) this.#events.failed(call, failure)
    }
  }

  #opened(): void {
    this.#state = ConnectionState.CHECKING
    this.#append(Op.EPOCH, 0, 0)
    this.#flush()
  }

  #append(op: number, count: number, target: number): void {
    if (this.#unsentLength === this.#unsent.length) {
      // Bounded, since each of these requests has a place among those in flight.
      const grown = new Uint8Array(this.#unsent.length * 2)
      grown.set(this.#unsent)
      this.#unsent = grown
    }
    encodeRequest(this.#unsent, this.#unsentLength, op, 0, count, target)
    this.#unsentLength += REQUEST_SIZE
  }

  flush(): void {
    this.#isFlushDue = false
    this.#flush()
  }

  #flush(): void {
    if (this.#isBlocked || this.#unsentLength === 0) return
    if (this.#state === ConnectionState.CLOSED) return
    // A copy: the socket keeps what it is given until it has sent it.
    const bytes = this.#unsent.slice(0, this.#unsentLength)
    this.#unsentLength = 0
    this.#isBlocked = !this.#socket.write(bytes)
  }

  #drained(): void {
    this.#isBlocked = false
    this.#flush()
  }

  #receive(chunk: Uint8Array): void {
    if (this.#state === ConnectionState.CLOSED) return
    this.isLate = false
    const reader = this.#reader
    reader.push(chunk)
    while (reader.nextRun()) {
      const { bytes, end } = reader
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      for (; reader.start < end; reader.start += RESPONSE_SIZE) {
        if (!this.#take(view, reader.start)) return
      }
    }
  }

  /** @returns false when the connection is closed */
  #take(view: DataView, offset: number): boolean {
    const status = responseStatus(view, offset)
    const high = responseHigh(view, offset)
    const low = responseLow(view, offset)
    if (this.#state === ConnectionState.CHECKING) return this.#check(status, high, low)
    if (this.#inFlight.size === 0) return this.#refuse("it answered what was not asked")
    const call = this.#inFlight.shift()
    if (status === Status.OK) call?.succeed(high, low)
    else if (call !== undefined) {
      this.#events.failed(call, statusError(status, high, low, this.#options.server))
    }
    if (status >= STATUSES.length) return this.#refuse(`it answered with status ${status}`)
    // What the call leads to may have closed it.
    return (this.#state as ConnectionState) !== ConnectionState.CLOSED
  }

  /** The first answer tells the epoch, and whether this is a Firn node at all. */
  #check(status: number, high: number, low: number): boolean {
    if (status !== Status.OK) {
      return this.#refuse(`it answered EPOCH with status ${status}: is this a node's TCP port?`)
    }
    const fault = this.#events.checked(halvesToNumber(high, low))
    if (fault !== undefined) return this.#refuse(fault)
    this.#state = ConnectionState.READY
    this.readySinceMs = this.#options.environment.monotonicMs()
    this.#timer.cancel()
    this.#events.ready()
    return true
  }

  #refuse(reason: string): false {
    this.close(reason)
    return false
  }

  #arm(atMs: number, nowMs: number): void {
    this.#timer.cancel()
    this.#armedForMs = atMs
    this.#timer = this.#options.environment.after(Math.max(0, atMs - nowMs), () => this.#expire())
  }

  /** Gives up what is overdue: calls past their time, or the connection itself if it stands still. */
  #expire(): void {
    this.#armedForMs = Infinity
    const { server, stallMs, environment } = this.#options
    const now = environment.monotonicMs()
    if (now - this.#inFlight.oldestMs >= stallMs) {
      this.close(`no answer within ${stallMs} ms`)
      return
    }
    this.#inFlight.expire(now, (call, sentAtMs) => {
      this.isLate = true
      const waited = `${server}: no answer within ${Math.round(now - sentAtMs)} ms`
      this.#events.failed(call, new FirnError("TIMEOUT", waited, { server }))
    })
    const nextMs = Math.min(this.#inFlight.earliestDeadlineMs(), this.#inFlight.oldestMs + stallMs)
    if (nextMs < this.#armedForMs) this.#arm(nextMs, now)
  }
}
