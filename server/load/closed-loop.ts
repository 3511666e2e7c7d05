import type { Environment } from "../environment.ts"
import type { Latencies } from "./latencies.ts"
import type { Connection, Loop } from "./loop.ts"

/**
 * Each connection keeps `depth` requests in flight: for every answer it sends another request. So it
 * shows how much a server can do; its latencies are those of a queue that is always full.
 */
export class ClosedLoop implements Loop {
  answered = 0
  readonly #connections: readonly Connection[]
  readonly #batches: readonly Batches[]
  readonly #depth: number
  readonly #latencies: Latencies
  readonly #environment: Environment
  #stopped = false

  constructor(
    connections: readonly Connection[],
    depth: number,
    latencies: Latencies,
    environment: Environment,
  ) {
    this.#connections = connections
    this.#depth = depth
    this.#latencies = latencies
    this.#environment = environment
    this.#batches = connections.map(() => new Batches(depth))
    for (const [at, connection] of connections.entries()) {
      connection.onAnswers = (count) => this.#take(connection, this.#batches[at]!, count)
    }
  }

  start(): void {
    const now = this.#environment.monotonicMs()
    for (const [at, connection] of this.#connections.entries()) {
      this.#batches[at]!.push(now, this.#depth)
      connection.send(this.#depth)
    }
  }

  measure(): void {
    this.answered = 0
    this.#latencies.clear()
  }

  /** What is under way now is not counted. */
  stop(): Promise<void> {
    this.#stopped = true
    return Promise.resolve()
  }

  #take(connection: Connection, batches: Batches, count: number): void {
    if (this.#stopped) return
    const now = this.#environment.monotonicMs()
    this.answered += count
    for (let left = count; left > 0;) {
      const sentMs = batches.oldestMs
      const taken = batches.take(left)
      this.#latencies.record(now - sentMs, taken)
      left -= taken
    }
    batches.push(now, count)
    connection.send(count)
  }
}

/** A ring of when the requests in flight were sent; a batch is the requests of one write. */
class Batches {
  readonly #sentMs: Float64Array
  readonly #counts: Uint32Array
  #head = 0
  #size = 0

  /** @param depth how many requests, and so how many batches, there are at most */
  constructor(depth: number) {
    this.#sentMs = new Float64Array(depth)
    this.#counts = new Uint32Array(depth)
  }

  get oldestMs(): number {
    return this.#sentMs[this.#head]!
  }

  push(sentMs: number, count: number): void {
    const at = (this.#head + this.#size) % this.#counts.length
    this.#sentMs[at] = sentMs
    this.#counts[at] = count
    this.#size++
  }

  /** Takes up to `count` requests out of the oldest batch. @returns how many */
  take(count: number): number {
    if (this.#size === 0) throw new Error("more answers came than requests were sent")
    const inBatch = this.#counts[this.#head]!
    if (count < inBatch) {
      this.#counts[this.#head] = inBatch - count
      return count
    }
    this.#head = (this.#head + 1) % this.#counts.length
    this.#size--
    return inBatch
  }
}
