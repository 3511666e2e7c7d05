import type { FairQueue } from "../generator/fair-queue.ts"
import { Flow } from "../generator/flow.ts"
import type { Waiter } from "../generator/flow.ts"

/** The share of one connection in the ids of its node. */
export class IdShare {
  readonly #fairQueue: FairQueue
  readonly #waiter: Waiter
  /** Made when the connection waits for the first time: most never do. */
  #flow: Flow | undefined
  #taken = 0

  /** How many ids the connection may take before it is another's turn. */
  left = 0

  constructor(fairQueue: FairQueue, waiter: Waiter) {
    this.#fairQueue = fairQueue
    this.#waiter = waiter
  }

  /** The connection goes on. @param allowance undefined: as much as the others leave it */
  begin(allowance: number | undefined): void {
    this.left = allowance ?? this.#fairQueue.allowance(this.#flow)
    this.#taken = 0
  }

  take(ids: number): void {
    this.left -= ids
    this.#taken += ids
  }

  /** The connection has gone as far as it could. @param isWaiting for ids */
  end(isWaiting: boolean): void {
    this.#charge()
    if (!isWaiting) this.#flow?.caughtUp()
  }

  /** @returns 0 when it waits; or it has waited too long, and after so many ms it may ask again */
  wait(): number {
    this.#flow ??= new Flow(this.#waiter)
    this.#charge()
    return this.#fairQueue.wait(this.#flow) ? 0 : this.#fairQueue.retryAfterMs
  }

  leave(): void {
    if (this.#flow !== undefined) this.#fairQueue.leave(this.#flow)
  }

  #charge(): void {
    if (this.#flow !== undefined) this.#fairQueue.charge(this.#flow, this.#taken)
    this.#taken = 0
  }
}
