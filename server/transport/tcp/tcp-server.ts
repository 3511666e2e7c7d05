import type { Logger } from "pino"
import type { Environment } from "../../environment.ts"
import { ListenError } from "../../net/address.ts"
import type { Address } from "../../net/address.ts"
import type { Listen, Listener } from "../../net/listen.ts"
import type { Client, ConnectionTable } from "../connection-table.ts"

/** After the last accept: time for bytes that have arrived already to be read and answered. */
const SETTLE_MS = 20

export interface TcpServerOptions {
  readonly address: Address
  readonly listen: Listen
  readonly table: ConnectionTable
  readonly environment: Environment
  readonly log: Logger
}

/** The TCP port: accepts clients, which the table admits or refuses. */
export class TcpServer {
  readonly #listener: Listener
  readonly #options: TcpServerOptions

  private constructor(options: TcpServerOptions) {
    const { address, listen, table, log } = options
    this.#options = options
    this.#listener = listen<Client>(address, {
      opened: (socket) => table.admit(socket),
      closed: (client) => table.forget(client),
      turnedAway: () => table.turnedAway(),
      failed: (error) =>
        log.error({ event: "connection-failed", err: error }, "a connection was closed"),
      paused: (reason) =>
        log.error({ event: "accept-paused", reason }, `no clients are accepted: ${reason}`),
      resumed: () => log.info({ event: "accept-resumed" }, "clients are accepted again"),
    })
  }

  /** @throws ListenError */
  static listen(options: TcpServerOptions): TcpServer {
    try {
      return new TcpServer(options)
    } catch (error) {
      throw new ListenError("TCP", options.address, error)
    }
  }

  get address(): Address {
    return this.#listener.address
  }

  /** Stops accepting, answers what has been received, and closes every connection. */
  async stop(): Promise<void> {
    const { table, environment } = this.#options
    this.#listener.stop()
    await new Promise<void>((resolve) => {
      environment.after(SETTLE_MS, resolve)
    })
    await table.close()
  }
}
