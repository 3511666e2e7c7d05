import { STATUSES, Status, halvesToNumber, refusalText } from "../../../protocol/index.ts"
import type { Answer } from "../../../protocol/index.ts"
import { Exchange, Outcome } from "../../exchange.ts"
import type { Asker } from "../../exchange.ts"
import type { Pacer, Waiter } from "../../generator/pacer.ts"
import type { Router } from "../../routing/router.ts"
import { blockText } from "./id-lines.ts"
import type { IdsQuery } from "./ids-query.ts"

/** One request for ids, which may have to wait for the generator or for another node. */
export class HttpIds extends Exchange implements Waiter, Asker {
  readonly #request: Request
  readonly #query: IdsQuery
  readonly #router: Router
  readonly #pacer: Pacer
  #resolve: ((response: Response) => void) | undefined

  constructor(request: Request, query: IdsQuery, router: Router, pacer: Pacer) {
    super()
    this.#request = request
    this.#query = query
    this.#router = router
    this.#pacer = pacer
    this.op = query.op
    this.count = query.count ?? 1
    this.target = query.target
  }

  get wanted(): number {
    return this.count
  }

  answer(): Response | Promise<Response> {
    if (this.#route() >= Status.OK) return this.#response()
    return new Promise((resolve) => (this.#resolve = resolve))
  }

  resume(): void {
    if (this.#route() >= Status.OK) this.answered()
  }

  answered(): void {
    this.#resolve?.(this.#response())
  }

  #route(): Outcome {
    this.#router.begin()
    const outcome = this.#router.route(this, this)
    if (outcome === Outcome.WAIT) this.#pacer.wait(this)
    return outcome
  }

  #response(): Response {
    if (this.status !== Status.OK) return refusal(this)
    const lines = blockText(this.high, this.low, this.count)
    if (!this.#request.headers.get("accept")?.includes("application/json")) {
      return new Response(lines)
    }
    const ids = lines.trimEnd().split("\n")
    return Response.json(this.#query.count === undefined ? { id: ids[0] } : { ids })
  }
}

function refusal(answer: Answer): Response {
  const row = STATUSES[answer.status]
  const line = `${row?.name}: ${refusalText(answer)}`
  if (answer.status === Status.TIMEOUT)
    return text(503, "Service Unavailable - Timeout", retryAfter(0))
  if (row?.retryable) {
    const isDelay = answer.status === Status.CLOCK_BEHIND || answer.status === Status.OVERLOADED
    return text(503, line, retryAfter(isDelay ? halvesToNumber(answer.high, answer.low) : 0))
  }
  if (answer.status === Status.UNKNOWN_NODE) return text(404, line)
  return text(answer.status === Status.BAD_REQUEST ? 400 : 502, line)
}

export function text(status: number, line: string, headers?: Record<string, string>): Response {
  return new Response(`${line}\n`, headers === undefined ? { status } : { status, headers })
}

/** Seconds are the header's unit; at least one, so that nobody asks again at once. */
export function retryAfter(ms: number): Record<string, string> {
  return { "Retry-After": String(Math.max(1, Math.ceil(ms / 1_000))) }
}
