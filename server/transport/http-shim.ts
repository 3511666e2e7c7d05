import type { Server } from "bun"
import { Op, STATUSES, Status, decodeId, idUnixMs } from "../../protocol/index.ts"
import { Resumed } from "../generator/pacer.ts"
import type { Pacer } from "../generator/pacer.ts"
import { refusalText } from "../routing/local-node.ts"
import type { LocalNode } from "../routing/local-node.ts"
import type { Runtime } from "../runtime.ts"
import { ListenError } from "./address.ts"
import type { Address } from "./address.ts"
import { blockText } from "./block-text.ts"
import { parseCount } from "./text-commands.ts"

/** How long a stop waits for the answers under way before it cuts them off. */
const STOP_DEADLINE_MS = 5_000

const SCHEME_LENGTH = "http://".length
const LUNIQUE = "/lunique"

export interface HttpShimOptions {
  readonly address: Address
  readonly node: LocalNode
  readonly pacer: Pacer
  readonly runtime: Runtime
  /** Why the node cannot give out ids now, or undefined when it can. */
  readonly unreadiness: () => Unreadiness | undefined
}

export interface Unreadiness {
  readonly reason: string
  readonly retryAfterMs: number
}

/** The ids over HTTP, for curl, browsers and load tools. `README.md` has the table of paths. */
export class HttpShim {
  readonly #server: Server<undefined>
  readonly #address: Address
  readonly #node: LocalNode
  readonly #pacer: Pacer
  readonly #runtime: Runtime
  readonly #unreadiness: HttpShimOptions["unreadiness"]

  private constructor(options: HttpShimOptions) {
    this.#address = options.address
    this.#node = options.node
    this.#pacer = options.pacer
    this.#runtime = options.runtime
    this.#unreadiness = options.unreadiness
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
    return { host: this.#address.host, port: this.#server.port ?? 0 }
  }

  /** Stops accepting and lets the answers under way finish. */
  async stop(): Promise<void> {
    const deadline = new Promise((resolve) => {
      this.#runtime.after(STOP_DEADLINE_MS, () => resolve(undefined))
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
    if (url.length === pathStart + LUNIQUE.length && url.endsWith(LUNIQUE)) {
      return this.#ids(request, Op.LOCAL, 0, undefined)
    }
    const queryStart = url.indexOf("?", pathStart)
    const path = queryStart < 0 ? url.slice(pathStart) : url.slice(pathStart, queryStart)
    const parameters = new URLSearchParams(queryStart < 0 ? "" : url.slice(queryStart))
    switch (path) {
      case LUNIQUE:
        return this.#withCount(request, parameters, Op.LOCAL, 0)
      case "/dunique":
        return this.#routed(request, parameters)
      case "/healthz":
        return text(200, "alive")
      case "/readyz":
        return this.#readiness()
      default:
        return path.startsWith("/decode/") ? this.#decode(path.slice(8)) : text(404, "not found")
    }
  }

  #routed(request: Request, parameters: URLSearchParams): Response | Promise<Response> {
    const target = parameters.get("target")
    if (target === null) return this.#withCount(request, parameters, Op.LOCAL, 0)
    if (target === "random") return this.#withCount(request, parameters, Op.RANDOM, 0)
    return text(400, `target "${target}" cannot be routed: this node has no cluster; use random`)
  }

  #withCount(
    request: Request,
    parameters: URLSearchParams,
    op: Op,
    target: number,
  ): Response | Promise<Response> {
    const n = parameters.get("n")
    let count: number | undefined
    try {
      count = n === null ? undefined : parseCount(n, "n")
    } catch (error) {
      return text(400, (error as Error).message)
    }
    return this.#ids(request, op, target, count)
  }

  #ids(
    request: Request,
    op: Op,
    target: number,
    count: number | undefined,
  ): Response | Promise<Response> {
    const node = this.#node
    node.begin()
    if (node.answer(op, 0, count ?? 1, target)) return this.#idsResponse(request, count)
    return new Promise((resolve) => {
      this.#pacer.wait({
        resume: () => {
          node.begin()
          if (!node.answer(op, 0, count ?? 1, target)) return Resumed.NONE
          resolve(this.#idsResponse(request, count))
          return Resumed.DONE
        },
      })
    })
  }

  /** The answer that stands in the node, as a response. */
  #idsResponse(request: Request, count: number | undefined): Response {
    const node = this.#node
    if (node.status !== Status.OK) return this.#refusal()
    const lines = blockText(node.high, node.low, count ?? 1)
    if (!request.headers.get("accept")?.includes("application/json")) return new Response(lines)
    const ids = lines.trimEnd().split("\n")
    return Response.json(count === undefined ? { id: ids[0] } : { ids })
  }

  #refusal(): Response {
    const node = this.#node
    const detailMs = node.high * 2 ** 32 + node.low
    const message = `${STATUSES[node.status]?.name}: ${refusalText(node)}`
    return text(503, message, retryAfter(node.status === Status.CLOCK_BEHIND ? detailMs : 0))
  }

  #readiness(): Response {
    const unreadiness = this.#unreadiness()
    if (unreadiness === undefined) return text(200, "ready")
    return text(503, unreadiness.reason, retryAfter(unreadiness.retryAfterMs))
  }

  #decode(idText: string): Response {
    try {
      const { time, node, sequence } = decodeId(idText)
      const unixMs = idUnixMs(time, this.#node.epochMs)
      return Response.json({ id: idText, time: new Date(unixMs), unixMs, node, sequence })
    } catch (error) {
      if (error instanceof RangeError) return text(400, error.message)
      throw error
    }
  }
}

function text(status: number, line: string, headers?: Record<string, string>): Response {
  return new Response(`${line}\n`, headers === undefined ? { status } : { status, headers })
}

/** Seconds are the header's unit; at least one, so that nobody asks again at once. */
function retryAfter(ms: number): Record<string, string> {
  return { "Retry-After": String(Math.max(1, Math.ceil(ms / 1_000))) }
}
