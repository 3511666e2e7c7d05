import { Alarm } from "./alarm.ts"
import type { Call } from "./call.ts"
import type { Environment } from "./environment.ts"

/** Calls that wait, each until a moment of its own. They have one timer together. */
export class DueSet {
  readonly #environment: Environment
  readonly #due: (call: Call) => void
  readonly #dueMs = new Map<Call, number>()
  readonly #alarm: Alarm

  /** @param due is given each call whose moment has come, after it was taken out */
  constructor(environment: Environment, due: (call: Call) => void) {
    this.#environment = environment
    this.#due = due
    this.#alarm = new Alarm(environment, () => this.#judge())
  }

  /** @param dueMs monotonic milliseconds */
  add(call: Call, dueMs: number): void {
    this.#dueMs.set(call, dueMs)
    call.place = this
    if (dueMs < this.#alarm.atMs) this.#alarm.arm(dueMs, this.#environment.monotonicMs())
  }

  delete(call: Call): void {
    this.#dueMs.delete(call)
    call.place = undefined
    if (this.#dueMs.size === 0) this.#alarm.disarm()
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
    this.#alarm.disarm()
    return calls
  }

  #judge(): void {
    const now = this.#environment.monotonicMs()
    for (const [call, dueMs] of this.#dueMs) {
      if (dueMs > now) continue
      this.delete(call)
      this.#due(call)
    }
    let nextMs = Infinity
    for (const dueMs of this.#dueMs.values()) nextMs = Math.min(nextMs, dueMs)
    if (nextMs < this.#alarm.atMs) this.#alarm.arm(nextMs, now)
  }
}
