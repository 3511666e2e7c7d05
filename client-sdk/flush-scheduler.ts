/** Work that is put off to the end of a turn. */
export interface Flushable {
  flush(): void
}

/** `then` of a promise costs less than `queueMicrotask`, which in Node makes an object for tracing. */
const RESOLVED = Promise.resolve()

/**
 * What is done once for all calls of a turn: the clock is read at its beginning, and connections
 * write at its end, in a microtask behind those that are due already.
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

  /** The caller sees to it that it is not scheduled twice in a turn. */
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
