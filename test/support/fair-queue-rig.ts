import { FairQueue } from "../../server/generator/fair-queue.ts"
import type { IdSource } from "../../server/generator/fair-queue.ts"
import { Flow } from "../../server/generator/flow.ts"
import type { Waiter } from "../../server/generator/flow.ts"
import { VirtualEnvironment } from "./virtual-environment.ts"

/** How long a wait of the queue is. */
export const WAIT_MS = 3

/** Has the same number of ids to give after each look at the clock. */
class ScriptedIds implements IdSource {
  waitMs: number = WAIT_MS
  left = 0
  readonly #perBegin: number

  constructor(perBegin: number) {
    this.#perBegin = perBegin
  }

  begin(): void {
    this.left = this.#perBegin
  }

  mustWait(count: number): boolean {
    return count > this.left
  }
}

/** Wants blocks of `wanted` ids, `left` more of them. */
export class ScriptedWaiter implements Waiter {
  readonly wanted: number
  readonly flow: Flow = new Flow(this)
  left: number
  got = 0
  readonly refusals: number[] = []
  readonly #name: string
  readonly #rig: FairQueueRig

  constructor(name: string, rig: FairQueueRig, wanted = 1, times = 1) {
    this.#name = name
    this.#rig = rig
    this.wanted = wanted
    this.left = times
  }

  wait(): this {
    this.resume(0)
    return this
  }

  resume(allowance: number): void {
    const { ids, log, queue } = this.#rig
    let taken = 0
    while (this.left > 0 && taken + this.wanted <= allowance && !ids.mustWait(this.wanted)) {
      log.push(this.#name)
      ids.left -= this.wanted
      taken += this.wanted
      this.left -= 1
      this.got += 1
    }
    queue.charge(this.flow, taken)
    if (this.left === 0) this.flow.caughtUp()
    else if (!queue.wait(this.flow)) this.giveUp(queue.retryAfterMs)
  }

  giveUp(retryAfterMs: number): void {
    this.refusals.push(retryAfterMs)
    this.left -= 1
    if (this.left > 0) this.resume(0)
  }
}

/** A fair queue in virtual time. */
export class FairQueueRig {
  readonly environment: VirtualEnvironment = new VirtualEnvironment()
  readonly ids: ScriptedIds
  readonly queue: FairQueue
  readonly log: string[] = []

  constructor(idsAtATime = 1_000, timeoutMs = 60_000) {
    this.ids = new ScriptedIds(idsAtATime)
    this.queue = new FairQueue(this.environment, this.ids, timeoutMs)
  }

  waiter(name: string, wanted = 1, times = 1): ScriptedWaiter {
    return new ScriptedWaiter(name, this, wanted, times).wait()
  }

  /** Lets the timer fire so often. */
  pass(times = 1): void {
    for (let i = 0; i < times; i++) this.environment.advance(WAIT_MS)
  }
}
