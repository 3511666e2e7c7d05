import type { Logger } from "pino"
import { InputError } from "../../../protocol/index.ts"
import { text } from "./answers.ts"
import type { HttpAnswer } from "./answers.ts"
import type { HttpRequest } from "./request.ts"
import type { Route, ServedNode } from "./route.ts"

interface OpenRoute {
  /** The path up to its parameter. */
  readonly prefix: string
  readonly route: Route
}

/**
 * Finds the route of a request and has it answered. Knows nothing of how requests come in and how
 * answers go out.
 */
export class Dispatcher<T> {
  readonly #node: ServedNode
  readonly #encode: (answer: HttpAnswer) => T
  readonly #log: Logger
  /** Those whose path has no parameter. */
  readonly #fixed: readonly Route[]
  readonly #open: readonly OpenRoute[]

  /** @param encode makes of an answer what is sent */
  constructor(
    routes: readonly Route[],
    node: ServedNode,
    encode: (answer: HttpAnswer) => T,
    log: Logger,
  ) {
    this.#node = node
    this.#encode = encode
    this.#log = log
    this.#fixed = routes.filter(({ path }) => !path.includes("{"))
    this.#open = routes
      .filter(({ path }) => path.includes("{"))
      .map((route) => ({ prefix: route.path.slice(0, route.path.indexOf("{")), route }))
  }

  /** Neither throws nor rejects: whatever goes wrong is an answer too. */
  answer(request: HttpRequest): T | Promise<T> {
    const { method, path } = request
    // A Map would have to hash the path, which takes longer than to compare it with so few others.
    for (const route of this.#fixed) {
      if (route.path === path && route.method === method) return this.#run(route, request, "")
    }
    for (const { prefix, route } of this.#open) {
      if (path.startsWith(prefix) && route.method === method) {
        return this.#run(route, request, path.slice(prefix.length))
      }
    }
    return this.#encode(this.#refusal(path))
  }

  #run(route: Route, request: HttpRequest, parameter: string): T | Promise<T> {
    let answer: HttpAnswer | Promise<HttpAnswer>
    try {
      answer = route.handle(request, this.#node, parameter)
    } catch (error) {
      answer = this.#failure(route, error)
    }
    if (!(answer instanceof Promise)) return this.#encode(answer)
    return answer.then(this.#encode, (error) => this.#encode(this.#failure(route, error)))
  }

  #failure({ method, path }: Route, error: unknown): HttpAnswer {
    if (error instanceof InputError) return text(400, error.message)
    const fields = { event: "request-failed", method, path, err: error }
    this.#log.error(fields, `${method} ${path} was answered 500`)
    return text(500, "internal error")
  }

  /** No route has this path and the method that was asked for. */
  #refusal(path: string): HttpAnswer {
    const fixed = this.#fixed.filter((route) => route.path === path)
    const open = this.#open.filter(({ prefix }) => path.startsWith(prefix))
    const methods = [...fixed, ...open.map(({ route }) => route)].map(({ method }) => method)
    if (methods.length === 0) return text(404, "not found")
    const line = `method not allowed: use ${methods.join(" or ")}`
    return text(405, line, { Allow: methods.join(", ") })
  }
}
