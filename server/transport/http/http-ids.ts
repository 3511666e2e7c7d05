import { STATUSES, Status, halvesToNumber, refusalText } from "../../../protocol/index.ts"
import type { AnswerFields } from "../../../protocol/index.ts"
import { Resumed } from "../../generator/pacer.ts"
import type { Pacer, Waiter } from "../../generator/pacer.ts"
import type { Flight, FlightOrigin } from "../../routing/forwarded-request.ts"
import { Routed } from "../../routing/router.ts"
import type { Router } from "../../routing/router.ts"
import { blockText } from "../id-lines.ts"
import type { IdsQuery } from "./ids-query.ts"

/** One request for ids, which may have to wait for the generator or for another node. */
export class HttpIds implements Waiter, FlightOrigin {
  readonly #request: Request
  readonly #query: IdsQuery
  readonly #router: Router
  #resolve: ((response: Response) => void) | undefined

  constructor(request: Request, query: IdsQuery, router: Router) {
    this.#request = request
    this.#query = query
    this.#router = router
  }

  answer(pacer: Pacer): Response | Promise<Response> {
    const routed = this.#route()
    if (routed === Routed.ANSWERED) return this.#response(this.#router.local)
    return new Promise((resolve) => {
      this.#resolve = resolve
      if (routed === Routed.WAIT) pacer.wait(this)
    })
  }

  resume(): Resumed {
    const routed = this.#route()
    if (routed === Routed.WAIT) return Resumed.NONE
    if (routed === Routed.ANSWERED) this.#resolve?.(this.#response(this.#router.local))
    return Resumed.DONE
  }

  settled(flight: Flight): void {
    this.#resolve?.(this.#response(flight))
  }

  #route(): Routed {
    const { op, target, count = 1 } = this.#query
    this.#router.begin()
    return this.#router.route(op, 0, count, target, this)
  }

  #response(answer: AnswerFields): Response {
    if (answer.status !== Status.OK) return refusal(answer)
    const { count } = this.#query
    const lines = blockText(answer.high, answer.low, count ?? 1)
    if (!this.#request.headers.get("accept")?.includes("application/json")) {
      return new Response(lines)
    }
    const ids = lines.trimEnd().split("\n")
    return Response.json(count === undefined ? { id: ids[0] } : { ids })
  }
}

function refusal(answer: AnswerFields): Response {
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
