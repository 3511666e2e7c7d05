import type { Environment } from "../environment.ts"
import type { Latencies } from "./latencies.ts"
import type { Connection, Loop } from "./loop.ts"

/** How long a stop waits for answers. A request without one is charged with the time until then. */
const GIVE_UP_MS = 5_000

export interface OpenLoopOptions {
  readonly ratePerSecond: number
  /** The most requests in flight on a connection; those that are due beyond it wait here. */
  readonly depth: number
  /** Requests of a connection that are due at the same time. */
  readonly burst: number
}

/**
 * Requests are due at a fixed rate, whatever becomes of those before them, and a latency counts from
 * the time its request was due: a server that stalls is charged for all that were due meanwhile,
 * not just for the one that each connection had in flight (Gil Tene's "coordinated omission").
 *
 * Burst i is due at start + i * burst / rate and belongs to connection i mod n, so that the due time
 * of a request follows from its number, and nothing is kept for it.
 */
export class OpenLoop implements Loop {
  answered = 0
  readonly #connections: readonly Connection[]
  readonly #sent: Float64Array
  readonly #answered: Float64Array
  readonly #intervalMs: number
  readonly #depth: number
  readonly #burst: number
  readonly #latencies: Latencies
  readonly #environment: Environment
  #startMs = 0
  /** How many bursts have been due so far. */
  #due = 0
  /** The first burst that is measured, and the one after the last. */
  #from = 0
  #to = Infinity
  #stopped = false
  #allAnswered: (() => void) | undefined

  constructor(
    connections: readonly Connection[],
    { ratePerSecond, depth, burst }: OpenLoopOptions,
    latencies: Latencies,
    environment: Environment,
  ) {
    this.#connections = connections
    this.#sent = new Float64Array(connections.length)
    this.#answered = new Float64Array(connections.length)
    this.#intervalMs = (1_000 * burst) / ratePerSecond
    this.#depth = depth
    this.#burst = burst
    this.#latencies = latencies
    this.#environment = environment
    for (const [at, connection] of connections.entries())
      connection.onAnswers = (count) => this.#take(at, count)
  }

  start(): void {
    this.#startMs = this.#environment.monotonicMs()
    this.#turn()
  }

  measure(): void {
    this.#schedule()
    this.#from = this.#due
    this.answered = 0
    this.#latencies.clear()
  }

  async stop(): Promise<void> {
    this.#schedule()
    this.#stopped = true
    this.#to = this.#due
    if (this.#missing === 0) return
    await new Promise<void>((resolve) => {
      this.#allAnswered = resolve
      this.#environment.after(GIVE_UP_MS, resolve)
    })
    this.#chargeMissing()
  }

  /** How many of the requests measured have no answer yet. */
  get #missing(): number {
    return (this.#to - this.#from) * this.#burst - this.answered
  }

  readonly #turn = (): void => {
    if (this.#stopped) return
    this.#schedule()
    // A timer is a millisecond late at times. Looking in every turn takes a core, but is on time.
    this.#environment.soon(this.#turn)
  }

  #schedule(): void {
    if (this.#stopped) return
    const before = this.#due
    const now = this.#environment.monotonicMs()
    this.#due = Math.max(before, Math.floor((now - this.#startMs) / this.#intervalMs) + 1)
    const connections = Math.min(this.#due - before, this.#connections.length)
    for (let i = 0; i < connections; i++) this.#pump((before + i) % this.#connections.length)
  }

  /** Sends what is due on a connection, as far as its depth allows. */
  #pump(at: number): void {
    const sent = this.#sent[at]!
    const count = Math.min(this.#dueOn(at), this.#answered[at]! + this.#depth) - sent
    if (count <= 0) return
    this.#sent[at] = sent + count
    this.#connections[at]!.send(count)
  }

  /** How many requests of a connection have been due so far. */
  #dueOn(at: number): number {
    return Math.ceil((this.#due - at) / this.#connections.length) * this.#burst
  }

  #take(at: number, count: number): void {
    const now = this.#environment.monotonicMs()
    const first = this.#answered[at]!
    this.#answered[at] = first + count
    for (let nth = first; nth < first + count; nth++) this.#record(at, nth, now)
    if (this.#missing === 0) this.#allAnswered?.()
    this.#pump(at)
  }

  #record(at: number, nth: number, nowMs: number): void {
    const index = Math.floor(nth / this.#burst) * this.#connections.length + at
    if (index < this.#from || index >= this.#to) return
    this.answered++
    this.#latencies.record(nowMs - (this.#startMs + index * this.#intervalMs), 1)
  }

  #chargeMissing(): void {
    const now = this.#environment.monotonicMs()
    const answered = this.answered
    for (const at of this.#connections.keys()) {
      const due = this.#dueOn(at)
      for (let nth = this.#answered[at]!; nth < due; nth++) this.#record(at, nth, now)
    }
    this.answered = answered
  }
}
