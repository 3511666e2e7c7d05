import type { Logger } from "pino"
import { Drain } from "./drain.ts"
import type { Environment } from "./environment.ts"
import { addressText } from "./net/address.ts"
import type { ListenAddress } from "./net/address.ts"
import type { Listen } from "./net/listen.ts"
import { chooseDialect } from "./transport/choose-dialect.ts"
import { ConnectionServer } from "./transport/connection-server.ts"
import type { ConnectionTable } from "./transport/connection-table.ts"
import type { NodeContext } from "./transport/node-context.ts"
import { HttpServer } from "./transport/http/http-server.ts"
import type { ServedNode } from "./transport/http/route.ts"

/** Where a node listens. */
export interface NodeAddresses {
  readonly tcp: ListenAddress
  /** undefined: no HTTP */
  readonly http: ListenAddress | undefined
  /** The same at addresses where other nodes of this machine listen as well. */
  readonly sharedTcp?: ListenAddress | undefined
  readonly sharedHttp?: ListenAddress | undefined
  /** Whether HTTP tells of the node, besides ids and health; it does when nothing is said. */
  readonly httpStatus?: boolean | undefined
}

interface NodePortsOptions {
  readonly addresses: NodeAddresses
  readonly node: ServedNode
  readonly listen: Listen
  readonly table: ConnectionTable
  readonly environment: Environment
  readonly log: Logger
}

/** All ports of a node. */
export class NodePorts {
  readonly #environment: Environment
  readonly #tcp: ConnectionServer
  readonly #http: HttpServer | undefined
  readonly #shared: (ConnectionServer | HttpServer)[] = []

  /** @throws ListenError when an address is taken; none is listened on then */
  constructor({ addresses, node, ...parts }: NodePortsOptions) {
    const { tcp, http, sharedTcp, sharedHttp, httpStatus: withStatus = true } = addresses
    const context: NodeContext = {
      httpAt: () => this.httpAddress && addressText(this.httpAddress),
      status: () => node.status(),
    }
    const listenForTcp = (address: ListenAddress): ConnectionServer =>
      ConnectionServer.listen({
        ...parts,
        address,
        name: "TCP",
        newDialect: chooseDialect(context),
        hasReserve: false,
      })
    this.#environment = parts.environment
    this.#tcp = listenForTcp(tcp)
    try {
      this.#http = http && HttpServer.listen({ ...parts, address: http, node, withStatus })
      // Last: whoever has addresses in common with another node has found out by then.
      if (sharedTcp !== undefined) this.#shared.push(listenForTcp(sharedTcp))
      if (sharedHttp !== undefined) {
        this.#shared.push(HttpServer.listen({ ...parts, address: sharedHttp, node, withStatus }))
      }
    } catch (error) {
      void this.stop(new Drain(this.#environment, 0, 0))
      throw error
    }
  }

  get tcpAddress(): ListenAddress {
    return this.#tcp.address
  }

  get httpAddress(): ListenAddress | undefined {
    return this.#http?.address
  }

  /**
   * The node stops soon. Connections over HTTP are told to end. Clients that connect to a shared
   * address get another node from now on, which is there already.
   */
  leave(): void {
    for (const server of this.#servers) if (server instanceof HttpServer) server.endConnections()
    for (const server of this.#shared) server.stopAccepting()
  }

  /** Stops accepting, answers what has been received, and closes every connection. */
  async stop(drain: Drain): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop(drain)))
  }

  get #servers(): (ConnectionServer | HttpServer)[] {
    return [this.#tcp, ...(this.#http === undefined ? [] : [this.#http]), ...this.#shared]
  }
}
