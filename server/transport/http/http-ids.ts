import { Status } from "../../../protocol/index.ts"
import { Exchange, Outcome } from "../../exchange.ts"
import type { Asker } from "../../exchange.ts"
import { Flow } from "../../generator/flow.ts"
import type { FairQueue } from "../../generator/fair-queue.ts"
import type { Waiter } from "../../generator/flow.ts"
import type { Router } from "../../routing/router.ts"
import { idsAnswer } from "./answers.ts"
import type { HttpAnswer } from "./answers.ts"
import type { IdsQuery } from "./ids-query.ts"
import type { HttpRequest } from "./request.ts"

/** One request for ids, which may have to wait for the generator or for another node. */
export class HttpIds extends Exchange implements Waiter, Asker {
  readonly #request: HttpRequest
  readonly #query: IdsQuery
  readonly #router: Router
  readonly #fairQueue: FairQueue
  #flow: Flow | undefined
  #resolve: ((answer: HttpAnswer) => void) | undefined

  constructor(request: HttpRequest, query: IdsQuery, router: Router, fairQueue: FairQueue) {
    super()
    this.#request = request
    this.#query = query
    this.#router = router
    this.#fairQueue = fairQueue
    this.op = query.op
    this.count = query.count ?? 1
    this.target = query.target
  }

  get wanted(): number {
    return this.count
  }

  answer(): HttpAnswer | Promise<HttpAnswer> {
    if (this.#route() >= Status.OK) return this.#answer()
    return new Promise((resolve) => (this.#resolve = resolve))
  }

  resume(): void {
    if (this.#route() >= Status.OK) this.answered()
  }

  giveUp(retryAfterMs: number): void {
    this.refuse(Status.OVERLOADED, retryAfterMs)
    this.answered()
  }

  answered(): void {
    this.#resolve?.(this.#answer())
  }

  #route(): Outcome {
    this.#router.begin()
    const outcome = this.#router.route(this, this)
    if (outcome !== Outcome.WAIT) return outcome
    this.#flow ??= new Flow(this)
    if (this.#fairQueue.wait(this.#flow)) return outcome
    return this.refuse(Status.OVERLOADED, this.#fairQueue.retryAfterMs)
  }

  #answer(): HttpAnswer {
    return idsAnswer(this, this.#query.count, this.#request)
  }
}
