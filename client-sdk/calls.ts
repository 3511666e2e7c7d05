import { Op } from "../protocol/index.ts"
import { AbortListeners, abortError } from "./abort-listeners.ts"
import { Call } from "./call.ts"
import type { CallObserver, Convert } from "./call.ts"
import { LOCAL, checkCallOptions } from "./call-options.ts"
import type { CallOptions, CheckedOptions } from "./call-options.ts"
import type { CallTrace } from "./diagnostics.ts"
import { Dispatcher } from "./dispatcher.ts"
import type { Environment, Timer } from "./environment.ts"
import { EpochAgreement } from "./epoch-agreement.ts"
import { FirnError } from "./errors.ts"
import { FlushScheduler } from "./flush-scheduler.ts"
import type { Halves } from "./halves.ts"
import { toHalves } from "./halves.ts"
import { NodeSightings } from "./node-sightings.ts"
import type { ServerStateChange, Settings } from "./options.ts"
import type { RequestStats, ServerStats } from "./stats.ts"

/** Longer than any call takes. */
const HOLD_MS = 2 ** 30

/** The calls of a client. They are counted, sent, and ended when their signal is aborted. */
export class Calls {
  readonly #settings: Settings
  readonly #environment: Environment
  readonly #byDefault: CheckedOptions
  readonly #flushScheduler: FlushScheduler
  readonly #epoch = new EpochAgreement()
  readonly #local: Dispatcher
  readonly #routed: Dispatcher
  readonly #aborts = new AbortListeners()
  readonly #observer: CallObserver
  #inFlight = 0
  #succeeded = 0
  #failed = 0
  #failedTries = 0
  #idle: (() => void) | undefined
  /** Whether an open connection keeps the process alive. */
  #isRef = true
  /** Keeps the process alive when connections do not, while calls are in flight. */
  #hold: Timer | undefined

  isClosed = false

  /** @param changed is told when a server comes or goes */
  constructor(
    settings: Settings,
    environment: Environment,
    changed: (change: ServerStateChange) => void,
  ) {
    this.#settings = settings
    this.#environment = environment
    this.#byDefault = { target: LOCAL, timeoutMs: settings.requestTimeoutMs, signal: undefined }
    this.#flushScheduler = new FlushScheduler(() => environment.monotonicMs())
    const parts = {
      environment,
      flushScheduler: this.#flushScheduler,
      epoch: this.#epoch,
      nodes: new NodeSightings((node, startNumber, reason) => {
        for (const one of [this.#local, this.#routed]) one.leaveNode(node, startNumber, reason)
      }),
      changed,
    }
    this.#local = new Dispatcher(settings, false, parts)
    this.#routed = new Dispatcher(settings, true, parts)
    this.#observer = { settled: (call, isOk) => this.#settled(call, isOk) }
  }

  /** Of the servers, once one of them has told it. */
  get epochMs(): number | undefined {
    return this.#epoch.epochMs
  }

  get requestStats(): RequestStats {
    return {
      inFlight: this.#inFlight,
      succeeded: this.#succeeded,
      failed: this.#failed,
      failedTries: this.#failedTries,
    }
  }

  get serverStats(): ServerStats[] {
    return [...this.#local.stats, ...this.#routed.stats.filter(({ state }) => state !== "unused")]
  }

  /** @throws FirnError when the call must not be made */
  admit(options: CallOptions | undefined): CheckedOptions {
    if (this.isClosed) throw new FirnError("CLOSED", "the client is closed")
    if (options === undefined) return this.#byDefault
    const checked = checkCallOptions(options, this.#settings.requestTimeoutMs)
    if (checked.signal?.aborted === true) throw abortError(checked.signal)
    return checked
  }

  /** @throws FirnError OVERLOADED */
  checkRoom(requests: number): void {
    const { inFlightMax } = this.#settings
    if (this.#inFlight + requests <= inFlightMax) return
    const waiting = `${this.#inFlight} requests wait for an answer, of at most ${inFlightMax}`
    throw new FirnError("OVERLOADED", `${waiting} (inFlightMax)`)
  }

  /** A call that is in flight from now on. The caller has to send it, or keep it. */
  begin<Result>(
    checked: CheckedOptions,
    count: number,
    convert: Convert<Result>,
    trace?: CallTrace,
  ): Call<Result> {
    const deadlineMs = this.#flushScheduler.now() + checked.timeoutMs
    const call = new Call(checked, count, deadlineMs, convert, this.#observer)
    call.trace = trace
    this.#inFlight++
    if (!this.#isRef) this.#keepAlive()
    if (checked.signal !== undefined) this.#aborts.add(checked.signal, call)
    return call
  }

  dispatch(call: Call): void {
    const { op } = call.options.target
    const isRouted = op === Op.NODE || op === Op.KEY || op === Op.RANDOM
    const dispatcher = isRouted ? this.#routed : this.#local
    dispatcher.dispatch(call, this.#flushScheduler.now())
  }

  /** @throws FirnError OVERLOADED */
  ask<Result>(
    checked: CheckedOptions,
    count: number,
    convert: Convert<Result>,
    trace?: CallTrace,
  ): Promise<Result> {
    this.checkRoom(1)
    const call = this.begin(checked, count, convert, trace)
    this.dispatch(call)
    return call.promise
  }

  /** Gets a block of ids by a request that is no call of a user: it does not count. */
  fetch(count: number): Promise<Halves> {
    const deadlineMs = this.#flushScheduler.now() + this.#byDefault.timeoutMs
    const observer: CallObserver = { settled: (one) => this.#forget(one) }
    const call = new Call(this.#byDefault, count, deadlineMs, toHalves, observer)
    this.dispatch(call)
    return call.promise
  }

  /** @param isRef whether open connections keep the process alive; calls in flight always do */
  setRef(isRef: boolean): void {
    this.#isRef = isRef
    this.#local.setRef(isRef)
    this.#routed.setRef(isRef)
    if (isRef) this.#letGo()
    else if (this.#inFlight > 0) this.#keepAlive()
  }

  /** Waits until no call is in flight, and so long at most. */
  async finish(timeoutMs: number): Promise<void> {
    if (this.#inFlight === 0) return
    await new Promise<void>((resolve) => {
      const timer = this.#environment.after(timeoutMs, resolve)
      this.#idle = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  /** Closes all connections. What is still in flight fails. */
  close(error: FirnError): void {
    this.#local.close(error)
    this.#routed.close(error)
  }

  #settled(call: Call, isOk: boolean): void {
    this.#forget(call)
    if (isOk) this.#succeeded++
    else this.#failed++
    this.#failedTries += call.tries
    const { trace } = call
    if (trace !== undefined) {
      trace.server = call.server
      trace.failedTries = call.tries
    }
    this.#inFlight--
    if (this.#inFlight > 0) return
    this.#letGo()
    this.#idle?.()
  }

  #forget(call: Call): void {
    call.place?.delete(call)
    const { signal } = call.options
    if (signal !== undefined) this.#aborts.delete(signal, call)
  }

  #keepAlive(): void {
    this.#hold ??= this.#environment.after(HOLD_MS, () => {})
  }

  #letGo(): void {
    this.#hold?.cancel()
    this.#hold = undefined
  }
}
