import type { Server } from "bun"
import { InputError, decodeId, idUnixMs } from "../../../protocol/index.ts"
import type { Pacer } from "../../generator/pacer.ts"
import type { Router } from "../../routing/router.ts"
import type { Environment } from "../../environment.ts"
import { ListenError } from "../../net/address.ts"
import type { Address } from "../../net/address.ts"
import { HttpIds, retryAfter, text } from "./http-ids.ts"
import { parseLocalQuery, parseRoutedQuery } from "./ids-query.ts"

/** How long a stop waits for the answers under way before it cuts them off. */
const STOP_DEADLINE_MS = 5_000

const SCHEME_LENGTH = "http://".length
const DECODE = "/decode/"

export interface HttpShimOptions {
  readonly address: Address
  readonly router: Router
  readonly pacer: Pacer
  readonly environment: Environment
  /** Why the node cannot give out ids now, or undefined when it can. */
  readonly unreadiness: () => Unreadiness | undefined
  /** What `GET /nodes` shows, as JSON. */
  readonly describe: () => unknown
}

export interface Unreadiness {
  readonly reason: string
  readonly retryAfterMs: number
}

/** The ids over HTTP, for curl, browsers and load tools. `README.md` has the table of paths. */
export class HttpShim {
  readonly #server: Server<undefined>
  readonly #options: HttpShimOptions

  private constructor(options: HttpShimOptions) {
    this.#options = options
    this.#server = Bun.serve({
      hostname: options.address.host,
      port: options.address.port,
      development: false,
      fetch: (request) => this.#answer(request),
    })
  }

  /** @throws ListenError */
  static listen(options: HttpShimOptions): HttpShim {
    try {
      return new HttpShim(options)
    } catch (error) {
      throw new ListenError("HTTP", options.address, error)
    }
  }

  get address(): Address {
    return { host: this.#options.address.host, port: this.#server.port ?? 0 }
  }

  /** Stops accepting and lets the answers under way finish. */
  async stop(): Promise<void> {
    const deadline = new Promise((resolve) => {
      this.#options.environment.after(STOP_DEADLINE_MS, () => resolve(undefined))
    })
    await Promise.race([this.#server.stop(), deadline])
    await this.#server.stop(true)
  }

  #answer(request: Request): Response | Promise<Response> {
    if (request.method !== "GET") {
      return text(405, "method not allowed: use GET", { Allow: "GET" })
    }
    const url = request.url
    // Without a Host, as health checks over HTTP/1.0 come, the URL is the path alone.
    const pathStart = url.startsWith("/") ? 0 : url.indexOf("/", SCHEME_LENGTH)
    const queryStart = url.indexOf("?", pathStart)
    const path = queryStart < 0 ? url.slice(pathStart) : url.slice(pathStart, queryStart)
    const query = queryStart < 0 ? "" : url.slice(queryStart + 1)
    try {
      return this.#answerPath(request, path, query)
    } catch (error) {
      if (error instanceof InputError) return text(400, error.message)
      throw error
    }
  }

  #answerPath(request: Request, path: string, query: string): Response | Promise<Response> {
    const { router, pacer } = this.#options
    switch (path) {
      case "/lunique":
        return new HttpIds(request, parseLocalQuery(query), router, pacer).answer()
      case "/dunique":
        return new HttpIds(request, parseRoutedQuery(query), router, pacer).answer()
      case "/nodes":
        return Response.json(this.#options.describe())
      case "/healthz":
        return text(200, "alive")
      case "/readyz":
        return this.#readiness()
      default:
        if (path.startsWith(DECODE)) return this.#decode(path.slice(DECODE.length))
        return text(404, "not found")
    }
  }

  #readiness(): Response {
    const unreadiness = this.#options.unreadiness()
    if (unreadiness === undefined) return text(200, "ready")
    return text(503, unreadiness.reason, retryAfter(unreadiness.retryAfterMs))
  }

  /** @throws InputError when it is no id */
  #decode(idText: string): Response {
    const { time, node, sequence } = decodeId(idText)
    const unixMs = idUnixMs(time, this.#options.router.local.epochMs)
    return Response.json({ id: idText, time: new Date(unixMs), unixMs, node, sequence })
  }
}
