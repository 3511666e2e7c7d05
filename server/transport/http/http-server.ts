import type { Server } from "bun"
import type { Logger } from "pino"
import type { Environment } from "../../environment.ts"
import { ListenError } from "../../net/address.ts"
import type { Address } from "../../net/address.ts"
import { MediaType } from "./answers.ts"
import type { HttpAnswer } from "./answers.ts"
import { Dispatcher } from "./dispatcher.ts"
import type { HttpRequest } from "./request.ts"
import type { ServedNode } from "./route.ts"
import { ROUTES } from "./routes.ts"

/** How long a stop waits for the answers under way before it cuts them off. */
const STOP_DEADLINE_MS = 5_000

const SCHEME_LENGTH = "http://".length

export interface HttpServerOptions {
  readonly address: Address
  readonly node: ServedNode
  readonly environment: Environment
  readonly log: Logger
}

/** The ids over HTTP, for curl, browsers and load tools, served by `Bun.serve`. */
export class HttpServer {
  readonly #server: Server<undefined>
  readonly #options: HttpServerOptions

  private constructor(options: HttpServerOptions) {
    this.#options = options
    const { address, node, log } = options
    const dispatcher = new Dispatcher(ROUTES, node, responseOf, log)
    this.#server = Bun.serve({
      hostname: address.host,
      port: address.port,
      development: false,
      fetch: (request) => dispatcher.answer(new BunRequest(request)),
    })
  }

  /** @throws ListenError */
  static listen(options: HttpServerOptions): HttpServer {
    try {
      return new HttpServer(options)
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
}

class BunRequest implements HttpRequest {
  readonly path: string
  readonly query: string
  readonly #request: Request

  constructor(request: Request) {
    this.#request = request
    const url = request.url
    // Without a Host, as health checks over HTTP/1.0 come, the URL is the path alone.
    const pathStart = url.startsWith("/") ? 0 : url.indexOf("/", SCHEME_LENGTH)
    const queryStart = url.indexOf("?", pathStart)
    this.path = queryStart < 0 ? url.slice(pathStart) : url.slice(pathStart, queryStart)
    this.query = queryStart < 0 ? "" : url.slice(queryStart + 1)
  }

  get method(): string {
    return this.#request.method
  }

  /** Bun makes the headers when they are asked for: a refusal does without. */
  get accept(): string | null {
    return this.#request.headers.get("accept")
  }
}

/** Made once: Bun copies them faster than it makes new ones. */
const JSON_HEADERS = new Headers({ "Content-Type": contentType(MediaType.JSON) })

function contentType(mediaType: MediaType): string {
  return `${mediaType};charset=utf-8`
}

function responseOf({ status, mediaType, body, headers }: HttpAnswer): Response {
  if (headers === undefined) {
    // Bun adds the type of a text by itself. That and no status cost less than either given.
    if (mediaType === MediaType.TEXT) {
      return status === 200 ? new Response(body) : new Response(body, { status })
    }
    if (mediaType === MediaType.JSON) return new Response(body, { status, headers: JSON_HEADERS })
  }
  const allHeaders = { "Content-Type": contentType(mediaType), ...headers }
  return new Response(body, { status, headers: allHeaders })
}
