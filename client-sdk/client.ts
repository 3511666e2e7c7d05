import {
  COUNT_MAX,
  Op,
  decimalText,
  decodeId,
  halvesToNumber,
  pingNode,
} from "../protocol/index.ts"
import type { Call, Convert } from "./call.ts"
import { LOCAL } from "./call-options.ts"
import type {
  CallOptions,
  CloseOptions,
  DecodedId,
  PingAnswer,
  WaitOptions,
} from "./call-options.ts"
import { Calls } from "./calls.ts"
import { isTraced, traced } from "./diagnostics.ts"
import type { CallTrace } from "./diagnostics.ts"
import { systemEnvironment } from "./environment.ts"
import type { Environment } from "./environment.ts"
import { FirnError, invalidArgument, notAtHand } from "./errors.ts"
import { toBigInt } from "./halves.ts"
import { collectIds } from "./id-blocks.ts"
import { checkObject, requiredWholeNumber, resolveOptions, wholeNumber } from "./options.ts"
import type { FirnClientOptions } from "./options.ts"
import { Prefetch } from "./prefetch.ts"
import { handled, rejected } from "./promises.ts"
import { StateEventTarget, publishChange } from "./state-event.ts"
import { statsInBrief } from "./stats.ts"
import type { ClientStats } from "./stats.ts"

/** The most ids of one `ids` call. */
const IDS_MAX = 1_000_000

type IdConvert<Id> = (high: number, low: number) => Id

/**
 * Gets ids from Firn nodes. Connects when it is first asked, and stays connected until it is
 * closed: an open client keeps its process alive, unless `unref` was called.
 *
 * Methods that return a promise never throw; the promise rejects with a `FirnError`.
 */
export class FirnClient extends StateEventTarget implements AsyncDisposable {
  readonly #environment: Environment
  readonly #calls: Calls
  readonly #prefetch: Prefetch | undefined
  #closing: Promise<void> | undefined

  /** @throws FirnError INVALID_ARGUMENT that names the option and what is right */
  constructor(options: FirnClientOptions)
  /** @internal For tests, which bring a clock, timers and sockets of their own. */
  constructor(options: FirnClientOptions, environment: Environment)
  constructor(options: FirnClientOptions, environment: Environment = systemEnvironment) {
    super()
    const settings = resolveOptions(options)
    this.#environment = environment
    const calls = new Calls(settings, environment, (change) => {
      publishChange(this, change, settings.onStateChange)
    })
    this.#calls = calls
    if (settings.prefetch === undefined) return
    this.#prefetch = new Prefetch({
      ...settings.prefetch,
      environment,
      fetch: (count) => calls.fetch(count),
      dispatch: (call) => calls.dispatch(call),
    })
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
    if (!isTraced()) return this.#many(count, options)
    return traced({ method: "ids", count, ...options }, (trace) =>
      this.#many(count, options, trace),
    )
  }

  /** The same as decimal texts. */
  idStrings(count: number, options?: CallOptions): Promise<string[]> {
    return handled(this.ids(count, options).then((ids) => ids.map(String)))
  }

  /**
   * Connects, and fetches ids ahead when the client was made with `prefetch`: after it, calls are
   * answered without delay, and `idSync` has ids. Need not be called; the first call does the same.
   */
  ready(options: WaitOptions = {}): Promise<void> {
    const fill = async (): Promise<void> => {
      await this.#query(Op.EPOCH, options, halvesToNumber)
      await this.#prefetch?.fill()
    }
    return handled(fill())
  }

  /** Asks one of the servers whether it is there, which node it is, and how long that takes. */
  ping(options: WaitOptions = {}): Promise<PingAnswer> {
    const startMs = this.#environment.monotonicMs()
    return this.#query(Op.PING, options, (high, _, call) => {
      const roundTripMs = this.#environment.monotonicMs() - startMs
      return { server: call.server!, node: pingNode(high), roundTripMs }
    })
  }

  /** How the client and its servers are at this moment. */
  stats(): ClientStats {
    const calls = this.#calls
    return {
      requests: calls.requestStats,
      servers: calls.serverStats,
      prefetch: this.#prefetch?.stats,
    }
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
    const { epochMs } = this.#calls
    if (epochMs !== undefined) return Promise.resolve(epochMs)
    return this.#query(Op.EPOCH, {}, halvesToNumber)
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

  /** Lets the process end while the client is open, as soon as no call is in flight. */
  unref(): this {
    this.#calls.setRef(false)
    return this
  }

  /** Takes `unref` back. */
  ref(): this {
    this.#calls.setRef(true)
    return this
  }

  #one<Id>(options: CallOptions | undefined, convert: IdConvert<Id>): Promise<Id> {
    if (!isTraced()) return this.#take(options, convert)
    return traced({ method: "id", count: 1, ...options }, (trace) =>
      this.#take(options, convert, trace),
    )
  }

  #take<Id>(
    options: CallOptions | undefined,
    convert: IdConvert<Id>,
    trace?: CallTrace,
  ): Promise<Id> {
    try {
      const calls = this.#calls
      const checked = calls.admit(options)
      const prefetch = checked.target === LOCAL ? this.#prefetch : undefined
      if (prefetch === undefined) return calls.ask(checked, 1, convert, trace)
      if (prefetch.take()) return Promise.resolve(convert(prefetch.high, prefetch.low))
      calls.checkRoom(1)
      const call = calls.begin(checked, 1, convert, trace)
      prefetch.wait(call)
      return call.promise
    } catch (error) {
      return rejected(error)
    }
  }

  #many(count: number, options: CallOptions | undefined, trace?: CallTrace): Promise<bigint[]> {
    try {
      requiredWholeNumber("count", count, 0, IDS_MAX)
      const checked = this.#calls.admit(options)
      this.#calls.checkRoom(Math.ceil(count / COUNT_MAX))
      const calls: Call<bigint>[] = []
      for (let left = count; left > 0; left -= COUNT_MAX) {
        calls.push(this.#calls.begin(checked, Math.min(left, COUNT_MAX), toBigInt, trace))
      }
      for (const call of calls) this.#calls.dispatch(call)
      return handled(collectIds(calls))
    } catch (error) {
      return rejected(error)
    }
  }

  /** Asks for what is no id. */
  #query<Result>(op: Op, options: WaitOptions, convert: Convert<Result>): Promise<Result> {
    try {
      checkObject("options", options, ["signal", "timeoutMs"])
      const target = { op, value: 0 }
      return this.#calls.ask({ ...this.#calls.admit(options), target }, 0, convert)
    } catch (error) {
      return rejected(error)
    }
  }

  /** @throws FirnError */
  #prefetched(method: string): Prefetch {
    if (this.#prefetch === undefined) throw invalidArgument(`${method}() needs the option prefetch`)
    if (this.#closing !== undefined) throw new FirnError("CLOSED", "the client is closed")
    return this.#prefetch
  }

  async #finish(timeoutMs: number): Promise<void> {
    this.#calls.isClosed = true
    await this.#calls.finish(timeoutMs)
    const error = new FirnError("CLOSED", "the client was closed before the answer came")
    this.#prefetch?.close(error)
    this.#calls.close(error)
  }
}

// What `console.log` shows, in Node and Bun.
Object.defineProperty(FirnClient.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(
    this: FirnClient,
    _: number,
    options: object,
    inspect: (...of: unknown[]) => string,
  ): string {
    return `FirnClient ${inspect(statsInBrief(this.stats()), options)}`
  },
})
