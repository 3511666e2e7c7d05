import { COUNT_MAX, Op, decimalText, decodeId, halvesToNumber } from "../protocol/index.ts"
import { AbortListeners, abortError } from "./abort-listeners.ts"
import { Call } from "./call.ts"
import type { CallObserver, Convert } from "./call.ts"
import { LOCAL, checkCallOptions } from "./call-options.ts"
import type { CallOptions, CheckedOptions, CloseOptions, DecodedId } from "./call-options.ts"
import { Dispatcher } from "./dispatcher.ts"
import { systemEnvironment } from "./environment.ts"
import type { Environment } from "./environment.ts"
import { EpochAgreement } from "./epoch-agreement.ts"
import { FirnError, invalidArgument, notAtHand } from "./errors.ts"
import { FlushScheduler } from "./flush-scheduler.ts"
import { toBigInt, toHalves } from "./halves.ts"
import { collectIds } from "./id-blocks.ts"
import { checkObject, requiredWholeNumber, resolveOptions, wholeNumber } from "./options.ts"
import type { FirnClientOptions, Settings } from "./options.ts"
import { Prefetch } from "./prefetch.ts"
import { handled, rejected } from "./promises.ts"

/** The most ids of one `ids` call. */
const IDS_MAX = 1_000_000

/**
 * Gets ids from Firn nodes. Connects when it is first asked, and stays connected until it is
 * closed: an open client keeps its process alive.
 *
 * Methods that return a promise never throw; the promise rejects with a `FirnError`.
 */
export class FirnClient implements AsyncDisposable {
  readonly #settings: Settings
  readonly #environment: Environment
  readonly #byDefault: CheckedOptions
  readonly #flushScheduler: FlushScheduler
  readonly #epoch = new EpochAgreement()
  readonly #local: Dispatcher
  readonly #routed: Dispatcher
  readonly #prefetch: Prefetch | undefined
  readonly #aborts = new AbortListeners()
  readonly #observer: CallObserver
  #inFlight = 0
  #closing: Promise<void> | undefined
  #idle: (() => void) | undefined

  /** @throws FirnError INVALID_ARGUMENT that names the option and what is right */
  constructor(options: FirnClientOptions)
  /** @internal For tests, which bring a clock, timers and sockets of their own. */
  constructor(options: FirnClientOptions, environment: Environment)
  constructor(options: FirnClientOptions, environment: Environment = systemEnvironment) {
    const settings = resolveOptions(options)
    this.#settings = settings
    this.#environment = environment
    this.#byDefault = { target: LOCAL, timeoutMs: settings.requestTimeoutMs, signal: undefined }
    this.#flushScheduler = new FlushScheduler(() => environment.monotonicMs())
    const parts = { environment, flushScheduler: this.#flushScheduler, epoch: this.#epoch }
    this.#local = new Dispatcher(settings, false, parts)
    this.#routed = new Dispatcher(settings, true, parts)
    this.#observer = {
      settled: (call) => {
        this.#forget(call)
        this.#inFlight--
        if (this.#inFlight === 0) this.#idle?.()
      },
    }
    this.#prefetch = settings.prefetch && this.#createPrefetch(settings.prefetch)
  }

  /** One id. */
  id(options?: CallOptions): Promise<bigint> {
    return this.#one(options, toBigInt)
  }

  /** One id as decimal text, for JSON and for databases without a bigint in their driver. */
  idString(options?: CallOptions): Promise<string> {
    return this.#one(options, decimalText)
  }

  /**
   * Many ids, each above the one before: one request for every 4,096 of them.
   * @param count 0 to 1,000,000
   */
  ids(count: number, options?: CallOptions): Promise<bigint[]> {
    try {
      requiredWholeNumber("count", count, 0, IDS_MAX)
      const checked = this.#admit(options)
      this.#checkRoom(Math.ceil(count / COUNT_MAX))
      const calls: Call<bigint>[] = []
      for (let left = count; left > 0; left -= COUNT_MAX) {
        calls.push(this.#begin(checked, Math.min(left, COUNT_MAX), toBigInt))
      }
      for (const call of calls) this.#dispatch(call)
      return handled(collectIds(calls))
    } catch (error) {
      return rejected(error)
    }
  }

  /** The same as decimal texts. */
  idStrings(count: number, options?: CallOptions): Promise<string[]> {
    return handled(this.ids(count, options).then((ids) => ids.map(String)))
  }

  /**
   * Connects, and fetches ids ahead when the client was made with `prefetch`: after it, calls are
   * answered without delay, and `idSync` has ids. Need not be called; the first call does the same.
   */
  ready(options: Pick<CallOptions, "signal" | "timeoutMs"> = {}): Promise<void> {
    return handled(this.#getReady(options))
  }

  async #getReady(options: Pick<CallOptions, "signal" | "timeoutMs">): Promise<void> {
    checkObject("options", options, ["signal", "timeoutMs"])
    const target = { op: Op.EPOCH, value: 0 }
    await this.#ask({ ...this.#admit(options), target }, 0, halvesToNumber)
    await this.#prefetch?.fill()
  }

  /**
   * One of the ids that were fetched ahead, without waiting: for where a promise cannot be, as in
   * the default of an ORM's column. `await client.ready()` once before.
   * @throws FirnError NOT_AT_HAND when there is none, CLOSED, and INVALID_ARGUMENT when the client
   * was made without `prefetch`
   */
  idSync(): bigint {
    const prefetch = this.#prefetched("idSync")
    if (!prefetch.takeNow(1)) throw notAtHand(1)
    return toBigInt(prefetch.high, prefetch.low)
  }

  /**
   * The same for several ids, each above the one before: all of them or none.
   * @param count 0 to 65,536
   */
  idsSync(count: number): bigint[] {
    const ids = this.#prefetched("idsSync").takeMany(count, toBigInt)
    if (ids === undefined) throw notAtHand(count)
    return ids.sort((a, b) => (a < b ? -1 : 1))
  }

  /**
   * One of the ids that were fetched ahead, or undefined when there is none at hand (more are then
   * on their way). Never a default of a database column: some store undefined as an id of their
   * own. Take `idSync` for that.
   * @throws FirnError INVALID_ARGUMENT when the client was made without `prefetch`
   */
  tryId(): bigint | undefined {
    const prefetch = this.#prefetch
    if (prefetch === undefined) throw invalidArgument("tryId() needs the option prefetch")
    if (this.#closing !== undefined || !prefetch.take()) return undefined
    return toBigInt(prefetch.high, prefetch.low)
  }

  /** What the ids of these servers count from, in Unix milliseconds. */
  epoch(): Promise<number> {
    const { epochMs } = this.#epoch
    if (epochMs !== undefined) return Promise.resolve(epochMs)
    try {
      const target = { op: Op.EPOCH, value: 0 }
      return this.#ask({ ...this.#admit(undefined), target }, 0, halvesToNumber)
    } catch (error) {
      return rejected(error)
    }
  }

  /**
   * Takes an id apart, by the epoch of the servers.
   * @param id a bigint, or decimal text
   */
  decode(id: bigint | string): Promise<DecodedId> {
    try {
      const parts = decodeId(id)
      const decoded = (epochMs: number): DecodedId => {
        return { ...parts, date: new Date(epochMs + parts.time) }
      }
      return handled(this.epoch().then(decoded))
    } catch (error) {
      return rejected(invalidArgument((error as Error).message))
    }
  }

  /**
   * Takes no more calls, lets those in flight finish for a while, rejects what is left with CLOSED,
   * and closes all connections.
   */
  close(options: CloseOptions = {}): Promise<void> {
    try {
      checkObject("options", options, ["timeoutMs"])
      const timeoutMs = wholeNumber("timeoutMs", options.timeoutMs, 1_000, 0, 600_000)
      this.#closing ??= this.#finish(timeoutMs)
      return this.#closing
    } catch (error) {
      return rejected(error)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #one<Result>(options: CallOptions | undefined, convert: Convert<Result>): Promise<Result> {
    try {
      const checked = this.#admit(options)
      const prefetch = checked.target === LOCAL ? this.#prefetch : undefined
      if (prefetch === undefined) return this.#ask(checked, 1, convert)
      if (prefetch.take()) return Promise.resolve(convert(prefetch.high, prefetch.low))
      this.#checkRoom(1)
      const call = this.#begin(checked, 1, convert)
      prefetch.wait(call)
      return call.promise
    } catch (error) {
      return rejected(error)
    }
  }

  #ask<Result>(checked: CheckedOptions, count: number, convert: Convert<Result>): Promise<Result> {
    this.#checkRoom(1)
    const call = this.#begin(checked, count, convert)
    this.#dispatch(call)
    return call.promise
  }

  /** @throws FirnError */
  #prefetched(method: string): Prefetch {
    if (this.#prefetch === undefined) throw invalidArgument(`${method}() needs the option prefetch`)
    if (this.#closing !== undefined) throw new FirnError("CLOSED", "the client is closed")
    return this.#prefetch
  }

  /** @throws FirnError when the call must not be made */
  #admit(options: CallOptions | undefined): CheckedOptions {
    if (this.#closing !== undefined) throw new FirnError("CLOSED", "the client is closed")
    if (options === undefined) return this.#byDefault
    const checked = checkCallOptions(options, this.#settings.requestTimeoutMs)
    if (checked.signal?.aborted === true) throw abortError(checked.signal)
    return checked
  }

  /** @throws FirnError OVERLOADED */
  #checkRoom(requests: number): void {
    const { inFlightMax } = this.#settings
    if (this.#inFlight + requests <= inFlightMax) return
    const waiting = `${this.#inFlight} requests wait for an answer, of at most ${inFlightMax}`
    throw new FirnError("OVERLOADED", `${waiting} (inFlightMax)`)
  }

  #begin<Result>(checked: CheckedOptions, count: number, convert: Convert<Result>): Call<Result> {
    const deadlineMs = this.#flushScheduler.now() + checked.timeoutMs
    const call = new Call(checked, count, deadlineMs, convert, this.#observer)
    this.#inFlight++
    if (checked.signal !== undefined) this.#aborts.add(checked.signal, call)
    return call
  }

  #dispatch(call: Call): void {
    const { op } = call.options.target
    const isRouted = op === Op.NODE || op === Op.KEY || op === Op.RANDOM
    const dispatcher = isRouted ? this.#routed : this.#local
    dispatcher.dispatch(call, this.#flushScheduler.now())
  }

  #forget(call: Call): void {
    call.place?.delete(call)
    const { signal } = call.options
    if (signal !== undefined) this.#aborts.delete(signal, call)
  }

  /** Requests for blocks are no calls of a user: they do not count, and `close` does not wait. */
  #createPrefetch({ size, ttlMs }: { readonly size: number; readonly ttlMs: number }): Prefetch {
    const observer: CallObserver = { settled: (call) => this.#forget(call) }
    return new Prefetch({
      size,
      ttlMs,
      environment: this.#environment,
      fetch: (count) => {
        const deadlineMs = this.#flushScheduler.now() + this.#byDefault.timeoutMs
        const call = new Call(this.#byDefault, count, deadlineMs, toHalves, observer)
        this.#dispatch(call)
        return call.promise
      },
      dispatch: (call) => this.#dispatch(call),
    })
  }

  async #finish(timeoutMs: number): Promise<void> {
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#environment.after(timeoutMs, resolve)
        this.#idle = () => {
          timer.cancel()
          resolve()
        }
      })
    }
    const error = new FirnError("CLOSED", "the client was closed before the answer came")
    this.#prefetch?.close(error)
    this.#local.close(error)
    this.#routed.close(error)
  }
}
