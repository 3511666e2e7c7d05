/** A clock that is read once a turn of the event loop, however many calls are made in it. */
export class TurnClock {
  readonly #read: () => number
  #nowMs = 0
  #isFresh = false

  /** @param read the clock, milliseconds */
  constructor(read: () => number) {
    this.#read = read
  }

  now(): number {
    if (!this.#isFresh) {
      this.#nowMs = this.#read()
      this.#isFresh = true
      queueMicrotask(this.#wear)
    }
    return this.#nowMs
  }

  readonly #wear = (): void => {
    this.#isFresh = false
  }
}
