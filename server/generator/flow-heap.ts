import type { Flow } from "./flow.ts"

/** How many flows are looked at for one that fits; the first of the heap are about the next in turn. */
const LOOK_AT_MAX = 32

/** Flows by their finish, the least first: a binary heap that knows where each flow stands. */
export class FlowHeap {
  readonly #flows: Flow[] = []
  #added = 0
  /** How many ids all of them wait for. */
  wanted = 0

  get size(): number {
    return this.#flows.length
  }

  /** The flow whose turn it is. */
  get first(): Flow | undefined {
    return this.#flows[0]
  }

  [Symbol.iterator](): Iterator<Flow> {
    return this.#flows[Symbol.iterator]()
  }

  /** One of the next flows for which this holds. */
  find(fits: (flow: Flow) => boolean): Flow | undefined {
    return this.#flows.slice(0, LOOK_AT_MAX).find(fits)
  }

  add(flow: Flow): void {
    this.wanted += flow.wanted
    flow.order = this.#added++
    this.#flows.push(flow)
    this.#put(flow, this.#flows.length - 1)
    this.#rise(flow)
  }

  remove(flow: Flow): void {
    const { place } = flow
    this.wanted -= flow.wanted
    const last = this.#flows.pop()!
    flow.place = -1
    if (last === flow) return
    this.#put(last, place)
    this.#rise(last)
    this.#sink(last)
  }

  #put(flow: Flow, place: number): void {
    this.#flows[place] = flow
    flow.place = place
  }

  #rise(flow: Flow): void {
    let { place } = flow
    while (place > 0) {
      const parentPlace = (place - 1) >> 1
      const parent = this.#flows[parentPlace]!
      if (isBefore(parent, flow)) break
      this.#put(parent, place)
      place = parentPlace
    }
    this.#put(flow, place)
  }

  #sink(flow: Flow): void {
    let { place } = flow
    for (;;) {
      const left = this.#flows[2 * place + 1]
      const right = this.#flows[2 * place + 2]
      const child = right !== undefined && isBefore(right, left!) ? right : left
      if (child === undefined || isBefore(flow, child)) break
      const childPlace = child.place
      this.#put(child, place)
      place = childPlace
    }
    this.#put(flow, place)
  }
}

/** Of those with the same finish, the one that came first. */
function isBefore(one: Flow, other: Flow): boolean {
  return one.finish === other.finish ? one.order < other.order : one.finish < other.finish
}
