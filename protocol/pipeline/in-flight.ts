const INITIAL_CAPACITY = 64

/**
 * The requests of a connection that are not answered yet, oldest first: a ring that doubles up to
 * its bound. A request that timed out keeps its place, without its owner: its answer still comes and
 * must not be taken for the next one's.
 */
export class InFlight<Owner extends object> {
  readonly #max: number
  #owners: (Owner | undefined)[] = Array.from({ length: INITIAL_CAPACITY })
  #sentAtMs = new Float64Array(INITIAL_CAPACITY)
  #deadlineMs = new Float64Array(INITIAL_CAPACITY)
  #head = 0
  #size = 0

  /** @param max a power of two */
  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#size
  }

  /** When the oldest was sent; Infinity when there is none. */
  get oldestMs(): number {
    return this.#size === 0 ? Infinity : this.#sentAtMs[this.#head]!
  }

  /**
   * @param owner undefined for a request whose answer is the connection's own business
   * @returns false when there is no room
   */
  push(owner: Owner | undefined, sentAtMs: number, deadlineMs: number): boolean {
    if (this.#size === this.#owners.length && !this.#grow()) return false
    const at = (this.#head + this.#size) & (this.#owners.length - 1)
    this.#owners[at] = owner
    this.#sentAtMs[at] = sentAtMs
    this.#deadlineMs[at] = deadlineMs
    this.#size++
    return true
  }

  /** Takes the oldest out. @returns its owner, or undefined when it had none or has timed out */
  shift(): Owner | undefined {
    const at = this.#head
    const owner = this.#owners[at]
    this.#owners[at] = undefined
    this.#head = (at + 1) & (this.#owners.length - 1)
    this.#size--
    return owner
  }

  /** Takes the owner away from each request whose deadline has come, and gives it to `expired`. */
  expire(nowMs: number, expired: (owner: Owner, sentAtMs: number) => void): void {
    // `expired` may push more requests, which may move them all. Those are not looked at.
    for (let i = 0, size = this.#size; i < size; i++) {
      const at = (this.#head + i) & (this.#owners.length - 1)
      const owner = this.#owners[at]
      if (owner === undefined || this.#deadlineMs[at]! > nowMs) continue
      this.#owners[at] = undefined
      expired(owner, this.#sentAtMs[at]!)
    }
  }

  /** The earliest deadline of those that have not timed out; Infinity when there are none. */
  earliestDeadlineMs(): number {
    let earliestMs = Infinity
    for (let i = 0; i < this.#size; i++) {
      const at = (this.#head + i) & (this.#owners.length - 1)
      if (this.#owners[at] === undefined) continue
      earliestMs = Math.min(earliestMs, this.#deadlineMs[at]!)
    }
    return earliestMs
  }

  #grow(): boolean {
    const capacity = this.#owners.length
    if (capacity >= this.#max) return false
    const order = Array.from({ length: capacity }, (_, i) => (this.#head + i) & (capacity - 1))
    this.#owners = [
      ...order.map((at) => this.#owners[at]),
      ...Array.from<undefined>({ length: capacity }),
    ]
    this.#sentAtMs = doubled(this.#sentAtMs, order)
    this.#deadlineMs = doubled(this.#deadlineMs, order)
    this.#head = 0
    return true
  }
}

function doubled(values: Float64Array, order: readonly number[]): Float64Array<ArrayBuffer> {
  const result = new Float64Array(values.length * 2)
  for (const [i, at] of order.entries()) result[i] = values[at]!
  return result
}
