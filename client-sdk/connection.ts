import { Op, REQUEST_SIZE, RequestPipeline, Status, halvesToNumber } from "../protocol/index.ts"
import type { PipelineReceiver } from "../protocol/index.ts"
import type { Call } from "./call.ts"
import type { Environment, Timer } from "./environment.ts"
import { FirnError, statusError, unknownStatusError } from "./errors.ts"
import type { TlsOptions } from "./options.ts"
import type { ServerAddress } from "./server-address.ts"
import type { ClientSocket } from "./socket.ts"
import type { FlushScheduler, Flushable } from "./flush-scheduler.ts"

/** The most requests that wait for their answers on one connection. */
const PLACES_MAX = 65_536
/** So many unsent bytes are written at once: they are on their way while more are made. */
const FLUSH_AT = 4_096 * REQUEST_SIZE
/** So long no call goes to a server that is not ready while there is another. */
const REST_MS = 1_000
/** Of every request: only nodes set one. */
const NO_FLAGS = 0

const ConnectionState = {
  CONNECTING: "connecting",
  /** Asked for its epoch; no call is sent before it has answered. */
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
  /** It has told its epoch. @returns why it must not be used; undefined when it may be */
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
export class Connection implements Flushable, PipelineReceiver<Call> {
  readonly #options: ConnectionOptions
  readonly #events: ConnectionEvents
  readonly #pipeline = new RequestPipeline<Call>(this, NO_FLAGS, PLACES_MAX)
  readonly #socket: ClientSocket
  #state: ConnectionState = ConnectionState.CONNECTING
  #isFlushDue = false
  #isBlocked = false
  #timer: Timer
  #armedForMs = Infinity

  /** A call has timed out here and nothing has come since. */
  #isLate = false
  /** Set for a while when its server has said that it is not ready. */
  #rest: Timer | undefined
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

  /** Whether calls had better go elsewhere. */
  get isLate(): boolean {
    return this.#isLate || this.#rest !== undefined
  }

  /** Places taken by requests that are not answered yet. */
  get inFlight(): number {
    return this.#pipeline.inFlight
  }

  /**
   * Sends a call when this turn of the event loop ends. Only when ready.
   * @returns false when too much is in flight here
   */
  send(call: Call, nowMs: number, tryTimeoutMs: number): boolean {
    const { op, value } = call.options.target
    const deadlineMs = Math.min(call.deadlineMs, nowMs + tryTimeoutMs)
    const pipeline = this.#pipeline
    if (!pipeline.send(op, call.count, value, call, nowMs, deadlineMs)) return false
    const nextMs = Math.min(deadlineMs, nowMs + this.#options.stallMs)
    if (nextMs < this.#armedForMs) this.#arm(nextMs, nowMs)
    if (!this.#isFlushDue) {
      this.#isFlushDue = true
      this.#options.flushScheduler.schedule(this)
    } else if (pipeline.unsent.length >= FLUSH_AT) this.#flush()
    return true
  }

  flush(): void {
    this.#isFlushDue = false
    this.#flush()
  }

  /** Closes the connection; its calls go elsewhere. */
  close(reason: string, cause?: unknown): void {
    if (this.#state === ConnectionState.CLOSED) return
    this.#state = ConnectionState.CLOSED
    this.#pipeline.close()
    this.#timer.cancel()
    this.#rest?.cancel()
    this.#socket.destroy()
    const { server } = this.#options
    const failure = new FirnError("CONNECT_FAILED", `${server}: ${reason}`, { server, cause })
    this.#events.closed(failure, reason)
    while (this.#pipeline.inFlight > 0) {
      const call = this.#pipeline.shift()
      if (call !== undefined) this.#events.failed(call, failure)
    }
  }

  answered(call: Call | undefined, status: Status, high: number, low: number): void {
    if (this.#state === ConnectionState.CHECKING) this.#check(status, high, low)
    else if (status === Status.OK) call?.succeed(high, low)
    else {
      if (status === Status.NOT_READY) this.#leaveAlone()
      if (call === undefined) return
      this.#events.failed(call, statusError(status, high, low, this.#options.server))
    }
  }

  unknownStatus(code: number): void {
    if (this.#state === ConnectionState.CHECKING) {
      this.#refuseEpoch(code)
      return
    }
    const call = this.#pipeline.shift()
    if (call !== undefined) {
      this.#events.failed(call, unknownStatusError(code, this.#options.server))
    }
    this.close(`it answered with status ${code}`)
  }

  unasked(): void {
    this.close("it answered what was not asked")
  }

  expired(call: Call, waitedMs: number): void {
    const { server } = this.#options
    this.#isLate = true
    const waited = `${server}: no answer within ${waitedMs} ms`
    this.#events.failed(call, new FirnError("TIMEOUT", waited, { server }))
  }

  /** A server that is about to stop closes a connection once nothing comes on it. */
  #leaveAlone(): void {
    this.#rest ??= this.#options.environment.afterInBackground(REST_MS, () => {
      this.#rest = undefined
    })
  }

  #opened(): void {
    this.#state = ConnectionState.CHECKING
    const nowMs = this.#options.environment.monotonicMs()
    this.#pipeline.send(Op.EPOCH, 0, 0, undefined, nowMs, Infinity)
    this.#flush()
  }

  #flush(): void {
    const { unsent } = this.#pipeline
    if (this.#isBlocked || unsent.length === 0) return
    if (this.#state === ConnectionState.CLOSED) return
    // A copy: the socket keeps what it is given until it has sent it.
    const bytes = unsent.bytes.slice(0, unsent.length)
    unsent.clear()
    this.#isBlocked = !this.#socket.write(bytes)
  }

  #drained(): void {
    this.#isBlocked = false
    this.#flush()
  }

  #receive(chunk: Uint8Array): void {
    this.#isLate = false
    this.#pipeline.receive(chunk)
  }

  /** The first answer tells the epoch, and whether this is a Firn node at all. */
  #check(status: Status, high: number, low: number): void {
    if (status !== Status.OK) {
      this.#refuseEpoch(status)
      return
    }
    const fault = this.#events.checked(halvesToNumber(high, low))
    if (fault !== undefined) {
      this.close(fault)
      return
    }
    this.#state = ConnectionState.READY
    this.readySinceMs = this.#options.environment.monotonicMs()
    this.#timer.cancel()
    this.#events.ready()
  }

  #refuseEpoch(status: number): void {
    this.close(`it answered EPOCH with status ${status}: is this a node's TCP port?`)
  }

  #arm(atMs: number, nowMs: number): void {
    this.#timer.cancel()
    this.#armedForMs = atMs
    this.#timer = this.#options.environment.after(Math.max(0, atMs - nowMs), () => this.#expire())
  }

  /** Gives up what is overdue: calls past their time, or the connection if it stands still. */
  #expire(): void {
    this.#armedForMs = Infinity
    const { stallMs, environment } = this.#options
    const nowMs = environment.monotonicMs()
    const pipeline = this.#pipeline
    if (nowMs - pipeline.oldestMs >= stallMs) {
      this.close(`no answer within ${stallMs} ms`)
      return
    }
    pipeline.expire(nowMs)
    const nextMs = Math.min(pipeline.earliestDeadlineMs(), pipeline.oldestMs + stallMs)
    if (nextMs < this.#armedForMs) this.#arm(nextMs, nowMs)
  }
}
