import { Op, REQUEST_SIZE, RequestPipeline, Status } from "../protocol/index.ts"
import type { PipelineReceiver } from "../protocol/index.ts"
import { Alarm } from "./alarm.ts"
import type { Call } from "./call.ts"
import type { ConnectionEvents, ConnectionOptions } from "./connection-options.ts"
import type { Timer } from "./environment.ts"
import { FirnError, statusError, unknownStatusError } from "./errors.ts"
import type { ClientSocket } from "./socket.ts"
import type { Flushable } from "./flush-scheduler.ts"
import { CHECK_OPS, ServerCheck } from "./server-check.ts"

/** The most requests that wait for their answers on one connection. */
const PLACES_MAX = 65_536
/** So many unsent bytes are written at once: they are on their way while more are made. */
const FLUSH_AT = 4_096 * REQUEST_SIZE
/** So long no call goes to a server that is not ready while there is another. */
const REST_MS = 1_000
/**
 * A request that follows such a pause may go into the void: networks forget connections that are
 * idle. So PING goes before it, which a node answers at once however long the request takes.
 */
const PAUSE_MS = 10
/** Of every request: only nodes set one. */
const NO_FLAGS = 0

const ConnectionState = {
  CONNECTING: "connecting",
  /** Asked for its epoch and its node; no call is sent before it has answered. */
  CHECKING: "checking",
  READY: "ready",
  CLOSED: "closed",
} as const
type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState]

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
  readonly #alarm: Alarm
  readonly #dialledMs: number
  /** The oldest request is a PING. */
  #isAsked = false

  /** What its server has told of itself. */
  readonly check: ServerCheck = new ServerCheck()
  /** Nothing has come since a call timed out here, or since something was asked too long ago. */
  #isLate = false
  /** Nothing has come for as long as it should have at most. */
  isSilent = false
  /** Whether it has answered anything but its first request. */
  #hasSpoken = false
  /** When something came last, monotonic milliseconds. */
  heardMs: number = -Infinity
  /** Set for a while when its server has said that it is not ready. */
  #rest: Timer | undefined
  /** When it could be used first, monotonic milliseconds; Infinity before. */
  readySinceMs: number = Infinity

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#options = options
    this.#events = events
    const { address, tls, connectTimeoutMs, environment } = options
    this.#dialledMs = environment.monotonicMs()
    this.#alarm = new Alarm(environment, () => this.#judge(), true)
    this.#alarm.arm(this.#dialledMs + connectTimeoutMs, this.#dialledMs)
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

  /** When the oldest request without an answer was sent; Infinity when there is none. */
  get oldestMs(): number {
    return this.#pipeline.oldestMs
  }

  /**
   * Sends a call when this turn of the event loop ends. Only when ready.
   * @returns false when too much is in flight here
   */
  send(call: Call, nowMs: number, tryTimeoutMs: number): boolean {
    const { op, value } = call.options.target
    const deadlineMs = Math.min(call.deadlineMs, nowMs + tryTimeoutMs)
    const pipeline = this.#pipeline
    if (pipeline.inFlight === 0 && nowMs - this.heardMs >= PAUSE_MS) this.#ask(nowMs)
    if (!pipeline.send(op, call.count, value, call, nowMs, deadlineMs)) return false
    const nextMs = Math.min(deadlineMs, nowMs + this.#patienceMs)
    if (nextMs < this.#alarm.atMs) this.#alarm.arm(nextMs, nowMs)
    if (!this.#isFlushDue) {
      this.#isFlushDue = true
      this.#options.flushScheduler.schedule(this)
    } else if (pipeline.unsent.length >= FLUSH_AT) this.#flush()
    return true
  }

  /** @param isRef whether it keeps the process alive */
  setRef(isRef: boolean): void {
    this.#socket.setRef(isRef)
  }

  flush(): void {
    this.#isFlushDue = false
    this.#flush()
  }

  /** Asks whether it still works, unless something is asked already. It is not trusted meanwhile. */
  suspect(): void {
    if (this.#pipeline.inFlight > 0) return
    const nowMs = this.#options.environment.monotonicMs()
    this.#isLate = true
    this.#ask(nowMs)
    const nextMs = nowMs + this.#patienceMs
    if (nextMs < this.#alarm.atMs) this.#alarm.arm(nextMs, nowMs)
    this.#flush()
  }

  /** Closes a silent connection, when a newer one to the same server works. */
  replace(): void {
    this.#end("a connection fell silent, and a newer one works", undefined, "moved")
  }

  /** Closes the connection; its calls go elsewhere. */
  close(reason: string, cause?: unknown): void {
    this.#end(reason, cause, "failed")
  }

  #end(reason: string, cause: unknown, fate: "failed" | "moved"): void {
    if (this.#state === ConnectionState.CLOSED) return
    this.#state = ConnectionState.CLOSED
    this.#pipeline.close()
    this.#alarm.disarm()
    this.#rest?.cancel()
    this.#socket.destroy()
    const { server } = this.#options
    const failure = new FirnError("CONNECT_FAILED", `${server}: ${reason}`, { server, cause })
    this.#events.closed(failure, reason)
    while (this.#pipeline.inFlight > 0) {
      const call = this.#pipeline.shift()
      if (call !== undefined) this.#events[fate](call, failure)
    }
  }

  answered(call: Call | undefined, status: Status, high: number, low: number): void {
    if (this.#state === ConnectionState.CHECKING) this.#checked(status, high, low)
    else if (status === Status.OK) call?.succeed(high, low)
    else {
      if (status === Status.NOT_READY) this.#leaveAlone()
      if (call === undefined) return
      this.#events.failed(call, statusError(status, high, low, this.#options.server))
    }
  }

  unknownStatus(code: number): void {
    if (this.#state === ConnectionState.CHECKING) {
      this.#checked(code, 0, 0)
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
    for (const op of CHECK_OPS) this.#pipeline.send(op, 0, 0, undefined, nowMs, Infinity)
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
    this.isSilent = false
    this.#isAsked = false
    this.#hasSpoken = this.#state === ConnectionState.READY
    this.heardMs = this.#options.environment.monotonicMs()
    this.#pipeline.receive(chunk)
  }

  /** @param status as it came */
  #checked(status: number, high: number, low: number): void {
    let fault = this.check.answered(status, high, low)
    const { identity } = this.check
    if (identity !== undefined) fault = this.#events.checked(identity)
    if (fault !== undefined) {
      this.close(fault)
      return
    }
    if (identity === undefined) return
    this.#state = ConnectionState.READY
    this.readySinceMs = this.heardMs
    this.#alarm.disarm()
    if (identity.node === undefined) this.#leaveAlone()
    this.#events.ready()
  }

  #ask(nowMs: number): void {
    this.#isAsked = this.#pipeline.send(Op.PING, 0, 0, undefined, nowMs, Infinity)
  }

  /**
   * How long it may stay silent while something is asked. A new one is given time until it has
   * answered: calls that another one left to it must not be moved on and on.
   */
  get #patienceMs(): number {
    const { silenceMs } = this.#options
    if (this.#isAsked) return silenceMs / 3
    return this.#hasSpoken ? silenceMs : 2 * silenceMs
  }

  /** Gives up what is overdue: calls past their time, or the connection if it stands still. */
  #judge(): void {
    const { connectTimeoutMs, silenceMs, environment } = this.#options
    const nowMs = environment.monotonicMs()
    const alarm = this.#alarm
    if (this.#state !== ConnectionState.READY) {
      const endMs = Math.max(this.#dialledMs, alarm.wokeMs) + connectTimeoutMs
      if (nowMs >= endMs) this.close(`no connection within ${connectTimeoutMs} ms`)
      else alarm.arm(endMs, nowMs)
      return
    }
    const pipeline = this.#pipeline
    const stallMs = 2 * silenceMs
    if (nowMs - Math.max(pipeline.oldestMs, alarm.wokeMs) >= stallMs) {
      this.close(`no answer within ${stallMs} ms`)
      return
    }
    pipeline.expire(nowMs)
    if (pipeline.inFlight === 0 || this.#state !== ConnectionState.READY) return
    const awaitedMs = Math.max(pipeline.oldestMs, alarm.wokeMs)
    const silentAtMs = Math.max(awaitedMs, this.heardMs) + this.#patienceMs
    if (nowMs >= silentAtMs && !this.isSilent) {
      this.isSilent = true
      this.#isLate = true
      this.#events.silent(this.#isAsked || pipeline.earliestDeadlineMs() < Infinity)
      if (this.#state !== ConnectionState.READY) return
    }
    const nextMs = Math.min(
      pipeline.earliestDeadlineMs(),
      awaitedMs + stallMs,
      this.isSilent ? Infinity : silentAtMs,
    )
    if (nextMs < alarm.atMs) alarm.arm(nextMs, nowMs)
  }
}
