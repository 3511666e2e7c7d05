/** Something that is to happen at a moment. */
export interface VirtualEvent {
  readonly atMs: number
  /** Of two events at the same moment the one that was set first runs first. */
  readonly order: number
  /** What kind of event it is, for whoever watches. */
  readonly label: number
  /** undefined once it was cancelled or has run. */
  run: (() => void) | undefined
}

/** Time that passes only as what was set for it happens: a queue of events, a binary heap. */
export class VirtualTime {
  nowMs = 0
  #heap: VirtualEvent[] = []
  #order = 0
  /** Events that were cancelled and still lie in the heap. */
  #cancelled = 0

  /** A moment that has passed is taken for now. */
  at(atMs: number, run: () => void, label = 0): VirtualEvent {
    const event = { atMs: Math.max(this.nowMs, atMs), order: this.#order++, label, run }
    this.#push(event)
    return event
  }

  /** Does nothing when it has happened already. */
  cancel(event: VirtualEvent): void {
    if (event.run === undefined) return
    event.run = undefined
    this.#cancelled++
    if (this.#cancelled * 2 > this.#heap.length) this.#clear()
  }

  /** The next event that was not cancelled. */
  get next(): VirtualEvent | undefined {
    const heap = this.#heap
    for (; heap.length > 0 && heap[0]!.run === undefined; this.#cancelled--) this.#pop()
    return heap[0]
  }

  /** Events that are still to come. */
  get size(): number {
    return this.#heap.length - this.#cancelled
  }

  /** Moves the time to the next event and runs it; to be called only when there is one. */
  runNext(): void {
    const event = this.next!
    this.#pop()
    this.nowMs = event.atMs
    const run = event.run!
    event.run = undefined
    run()
  }

  /** Takes out all events that were cancelled. A list in order of time is a heap. */
  #clear(): void {
    const left = this.#heap.filter(({ run }) => run !== undefined)
    this.#heap = left.sort((one, other) => (isBefore(one, other) ? -1 : 1))
    this.#cancelled = 0
  }

  #push(event: VirtualEvent): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(event, heap[above]!)) break
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = event
  }

  /** Takes the first out of the heap. */
  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    const { length } = heap
    if (length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= length) break
      if (below + 1 < length && isBefore(heap[below + 1]!, heap[below]!)) below++
      if (!isBefore(heap[below]!, last)) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = last
  }
}

function isBefore(one: VirtualEvent, other: VirtualEvent): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
}
