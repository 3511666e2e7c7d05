import type { CheckedOptions } from "./call-options.ts"
import type { CallTrace } from "./diagnostics.ts"
import { FirnError } from "./errors.ts"
import type { Missed } from "./outage.ts"
import { handled } from "./promises.ts"

/** Makes what the caller gets out of the halves of an answer's value. */
export type Convert<Result> = (high: number, low: number, call: Call) => Result

/** Is told when a call is over. */
export interface CallObserver {
  settled(call: Call, isOk: boolean): void
}

/** Where a call waits when it is on no connection. */
export interface WaitingPlace {
  delete(call: Call): void
}

const NONE: readonly never[] = []

/** The most failures that the message of an error tells; all of them are in its `failures`. */
const TOLD_MAX = 8

/** The texts of failures that many calls share. Those of calls on their own are short. */
const texts = new WeakMap<readonly FirnError[], Map<string, string>>()

/** One request of a caller, through all its tries. It settles once; what comes later is ignored. */
export class Call<Result = unknown> {
  readonly options: CheckedOptions
  readonly count: number
  readonly deadlineMs: number
  readonly promise: Promise<Result>
  readonly #convert: Convert<Result>
  readonly #observer: CallObserver
  #resolve!: (result: unknown) => void
  #reject!: (error: FirnError) => void

  isSettled = false
  /** How often it has failed so far. */
  tries = 0
  /** The last failure of each server, the newest last. */
  failures: readonly FirnError[] = NONE
  /** The servers that failed it since it last rested. */
  triedServers: readonly string[] = NONE
  place: WaitingPlace | undefined
  /** The server that it was sent to last. */
  server: string | undefined
  trace: CallTrace | undefined
  /** How many failures to connect there were before it began to wait for a server. */
  waitsSince = 0

  /**
   * @param count how many ids
   * @param deadlineMs when its time is up, monotonic milliseconds
   */
  constructor(
    options: CheckedOptions,
    count: number,
    deadlineMs: number,
    convert: Convert<Result>,
    observer: CallObserver,
  ) {
    this.options = options
    this.count = count
    this.deadlineMs = deadlineMs
    this.#convert = convert
    this.#observer = observer
    this.promise = new Promise<Result>((resolve, reject) => {
      this.#resolve = resolve as (result: unknown) => void
      this.#reject = reject
    })
  }

  succeed(high: number, low: number): void {
    if (this.isSettled) return
    this.#settle(true)
    this.#resolve(this.#convert(high, low, this))
  }

  fail(error: FirnError): void {
    if (this.isSettled) return
    this.#settle(false)
    this.#reject(error)
    void handled(this.promise)
  }

  /** Notes a try that failed. */
  note(failure: FirnError): void {
    this.tries++
    const others = this.failures.filter(({ server }) => server !== failure.server)
    this.failures = [...others, failure]
  }

  /** Notes what failed while it waited for a server. */
  noteMissed({ tries, failures }: Missed): void {
    if (tries === 0) return
    this.tries += tries
    if (this.failures.length === 0) {
      this.failures = failures
      return
    }
    const servers = new Set(failures.map(({ server }) => server))
    this.failures = [...this.failures.filter(({ server }) => !servers.has(server)), ...failures]
  }

  /** Fails as its last try did; the message tells of all of them. */
  giveUp(): void {
    const { code, server, detail, retryable } = this.failures.at(-1)!
    const { tries, failures } = this
    const details = { server, detail, retryable, tries, failures, cause: failures.at(-1) }
    this.fail(new FirnError(code, this.#history(code), details))
  }

  /** Fails because its time is up. @param missing what it waited for in vain */
  timeOut(missing: "answer" | "connection" = "answer"): void {
    const { tries, failures } = this
    const last = failures.at(-1)
    const waited = `no ${missing} within ${this.options.timeoutMs} ms`
    const message = tries === 0 ? waited : `${waited}, ${this.#history("TIMEOUT")}`
    const details = { server: last?.server, tries, failures, cause: last }
    this.fail(new FirnError("TIMEOUT", message, details))
  }

  /** How its tries failed. */
  #history(code: string): string {
    const { tries, failures } = this
    let told = texts.get(failures)
    if (told === undefined) texts.set(failures, (told = new Map<string, string>()))
    let text = told.get(code)
    if (text === undefined) told.set(code, (text = failuresText(failures, code)))
    return tries === 1 ? text : `after ${tries} tries: ${text}`
  }

  #settle(isOk: boolean): void {
    this.isSettled = true
    this.#observer.settled(this, isOk)
  }
}

/** The last failures, each by its sentence. A code that the whole error has is not said again. */
function failuresText(failures: readonly FirnError[], code: string): string {
  const causes = failures.slice(-TOLD_MAX).map((failure) => {
    const start = failure.code === code ? code.length + ": ".length : 0
    return failure.message.slice(start)
  })
  const more = failures.length - causes.length
  return `${causes.join("; ")}${more > 0 ? `; and ${more} more servers` : ""}`
}
