/** Has something to write at the end of a turn. */
export interface Flushable {
  flush(): void
}

/** Its `then` costs less than `queueMicrotask`, which in Node makes an object for tracing. */
const RESOLVED = Promise.resolve()

/**
 * Does once for all calls of a turn what need not be done for each. A turn begins with the first
 * call, when the clock is read. It ends in a microtask behind those that are queued by then, when
 * the connections write.
 */
export class FlushScheduler {
  readonly #readClock: () => number
  #nowMs = 0
  #isOpen = false
  readonly #tasks: Flushable[] = []

  /** @param readClock monotonic milliseconds */
  constructor(readClock: () => number) {
    this.#readClock = readClock
  }

  /** The time at which this turn began. */
  now(): number {
    if (!this.#isOpen) this.#begin()
    return this.#nowMs
  }

  /** The caller must not schedule the same one twice in a turn. */
  schedule(task: Flushable): void {
    if (!this.#isOpen) this.#begin()
    this.#tasks.push(task)
  }

  #begin(): void {
    this.#isOpen = true
    this.#nowMs = this.#readClock()
    void RESOLVED.then(this.#end)
  }

  readonly #end = (): void => {
    this.#isOpen = false
    for (const task of this.#tasks) task.flush()
    this.#tasks.length = 0
  }
}
