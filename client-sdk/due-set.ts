import type { Call } from "./call.ts"
import type { Environment, Timer } from "./environment.ts"

/** Calls that wait, each until a moment of its own. They have one timer together. */
export class DueSet {
  readonly #environment: Environment
  readonly #due: (call: Call) => void
  readonly #dueMs = new Map<Call, number>()
  #timer: Timer | undefined
  #armedForMs = Infinity

  /** @param due is given each call whose moment has come, after it was taken out */
  constructor(environment: Environment, due: (call: Call) => void) {
    this.#environment = environment
    this.#due = due
  }

  /** @param dueMs monotonic milliseconds */
  add(call: Call, dueMs: number): void {
    this.#dueMs.set(call, dueMs)
    call.place = this
    if (dueMs < this.#armedForMs) this.#arm(dueMs)
  }

  delete(call: Call): void {
    this.#dueMs.delete(call)
    call.place = undefined
    if (this.#dueMs.size === 0) this.#disarm()
  }

  get size(): number {
    return this.#dueMs.size
  }

  /** The calls in the order they came. */
  get calls(): Call[] {
    return [...this.#dueMs.keys()]
  }

  /** Takes all of them out. */
  takeAll(): Call[] {
    const { calls } = this
    for (const call of calls) call.place = undefined
    this.#dueMs.clear()
    this.#disarm()
    return calls
  }

  #arm(dueMs: number): void {
    this.#timer?.cancel()
    this.#armedForMs = dueMs
    const delayMs = Math.max(0, dueMs - this.#environment.monotonicMs())
    this.#timer = this.#environment.after(delayMs, () => this.#fire())
  }

  #disarm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#armedForMs = Infinity
  }

  #fire(): void {
    this.#disarm()
    const now = this.#environment.monotonicMs()
    for (const [call, dueMs] of this.#dueMs) {
      if (dueMs > now) continue
      this.delete(call)
      this.#due(call)
    }
    let nextMs = Infinity
    for (const dueMs of this.#dueMs.values()) nextMs = Math.min(nextMs, dueMs)
    if (nextMs < Infinity) this.#arm(nextMs)
  }
}
