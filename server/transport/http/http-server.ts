import type { Logger } from "pino"
import type { Drain } from "../../drain.ts"
import type { Environment } from "../../environment.ts"
import type { ListenAddress } from "../../net/address.ts"
import type { Listen } from "../../net/listen.ts"
import { ConnectionServer } from "../connection-server.ts"
import type { ConnectionTable } from "../connection-table.ts"
import { Dispatcher } from "./dispatcher.ts"
import { HttpDialect, HttpService } from "./http-dialect.ts"
import { Responses } from "./responses.ts"
import type { ServedNode } from "./route.ts"
import { ALL_ROUTES, BARE_ROUTES } from "./openapi.ts"

export interface HttpServerOptions {
  readonly address: ListenAddress
  readonly node: ServedNode
  /** Whether the node tells of itself here, besides ids and health. */
  readonly withStatus: boolean
  readonly listen: Listen
  readonly table: ConnectionTable
  readonly environment: Environment
  readonly log: Logger
}

/** The port for HTTP: connections as those of the TCP port, which speak another dialect. */
export class HttpServer {
  readonly #server: ConnectionServer
  readonly #responses: Responses

  private constructor({ node, withStatus, ...options }: HttpServerOptions) {
    this.#responses = new Responses(options.environment)
    const routes = withStatus ? ALL_ROUTES : BARE_ROUTES
    const service = new HttpService(new Dispatcher(routes, node, options.log), this.#responses)
    const newDialect = (): HttpDialect => new HttpDialect(service)
    this.#server = ConnectionServer.listen({
      ...options,
      name: "HTTP",
      newDialect,
      hasReserve: true,
    })
  }

  /** @throws ListenError */
  static listen(options: HttpServerOptions): HttpServer {
    return new HttpServer(options)
  }

  get address(): ListenAddress {
    return this.#server.address
  }

  /** The node stops soon: each connection ends after the answers to what it has sent so far. */
  endConnections(): void {
    this.#responses.isLast = true
  }

  /** Nobody is accepted any more; who is connected is served on. */
  stopAccepting(): void {
    this.#server.stopAccepting()
  }

  /** Stops accepting, answers what has been received, and closes every connection. */
  async stop(drain: Drain): Promise<void> {
    await this.#server.stop(drain)
  }
}
