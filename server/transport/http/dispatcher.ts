import type { Logger } from "pino"
import { InputError } from "../../../protocol/index.ts"
import { BY_ACCEPT, MediaType, text } from "./answers.ts"
import type { HttpAnswer } from "./answers.ts"
import type { EventSource } from "./event-stream.ts"
import type { IdsQuery } from "./ids-query.ts"
import { wantsJson } from "./negotiation.ts"
import type { HttpRequest } from "./request.ts"
import type { Route, ServedNode } from "./route.ts"

/** The methods that every path has. */
const ALLOW = { Allow: "GET, HEAD, OPTIONS" }
/** Methods that a client may know from elsewhere, and no path has. */
const FOREIGN_METHODS = ["POST", "PUT", "DELETE", "PATCH", "CONNECT", "TRACE", "QUERY"]
const NO_CONTENT: HttpAnswer = {
  status: 204,
  mediaType: MediaType.TEXT,
  body: undefined,
  headers: ALLOW,
}

/** An answer, or what is to be asked for, or what goes on. */
export type Dispatched = HttpAnswer | IdsQuery | EventSource

/** What comes in front of the events. */
export const EVENTS: HttpAnswer = {
  status: 200,
  mediaType: MediaType.EVENTS,
  body: undefined,
  headers: undefined,
}

interface OpenRoute {
  /** The path up to its parameter. */
  readonly prefix: string
  readonly route: Route
}

/**
 * Finds the route of a request and answers it, or says which ids it asks for. Knows nothing of how
 * requests come in and how answers go out.
 */
export class Dispatcher {
  readonly #node: ServedNode
  readonly #log: Logger
  /** Those whose path has no parameter. */
  readonly #fixed: readonly Route[]
  readonly #open: readonly OpenRoute[]

  constructor(routes: readonly Route[], node: ServedNode, log: Logger) {
    this.#node = node
    this.#log = log
    this.#fixed = routes.filter(({ path }) => !path.includes("{"))
    this.#open = routes
      .filter(({ path }) => path.includes("{"))
      .map((route) => ({ prefix: route.path.slice(0, route.path.indexOf("{")), route }))
  }

  /** Never throws: whatever goes wrong is an answer too. HEAD is answered as GET, and takes no ids. */
  dispatch(request: HttpRequest): Dispatched {
    const { method, path } = request
    if (method === "OPTIONS" && path === "*") return NO_CONTENT
    // A Map would have to hash the path, which takes longer than to compare it with so few others.
    for (const route of this.#fixed) {
      if (route.path === path) return this.#run(route, request, "")
    }
    for (const { prefix, route } of this.#open) {
      if (path.startsWith(prefix)) return this.#run(route, request, path.slice(prefix.length))
    }
    return unknownMethod(method) ?? text(404, "not found")
  }

  #run(route: Route, request: HttpRequest, parameter: string): Dispatched {
    const { method } = request
    if (method === "OPTIONS") return NO_CONTENT
    if (method !== "GET" && method !== "HEAD") {
      return unknownMethod(method) ?? text(405, "method not allowed: use GET", ALLOW)
    }
    try {
      // Monitors append what they like to a path that has no parameters: it changes nothing.
      if (route.handle !== undefined) return route.handle(request, this.#node, parameter)
      if (route.events) return method === "HEAD" ? EVENTS : this.#node.events
      const query = route.ask(request.query)
      return method === "HEAD" ? headOfIds(request) : query
    } catch (error) {
      return this.#failure(route, error)
    }
  }

  #failure({ path }: Route, error: unknown): HttpAnswer {
    if (error instanceof InputError) return text(400, error.message)
    const fields = { event: "request-failed", method: "GET", path, err: error }
    this.#log.error(fields, `GET ${path} was answered 500`)
    return text(500, "internal error")
  }
}

function unknownMethod(method: string): HttpAnswer | undefined {
  const isKnown = ["GET", "HEAD", "OPTIONS", ...FOREIGN_METHODS].includes(method)
  return isKnown ? undefined : text(501, "unknown method")
}

/** Only ids that were taken have a length. */
function headOfIds({ accept }: HttpRequest): HttpAnswer {
  const mediaType = wantsJson(accept) ? MediaType.JSON : MediaType.TEXT
  return { status: 200, mediaType, body: undefined, headers: BY_ACCEPT }
}
