import type { Logger } from "pino"
import type { Drain } from "../drain.ts"
import type { Environment } from "../environment.ts"
import { ListenError } from "../net/address.ts"
import type { ListenAddress } from "../net/address.ts"
import type { Listen, ListenEvents, Listener } from "../net/listen.ts"
import type { Client, ConnectionTable } from "./connection-table.ts"
import type { NewDialect } from "./dialect.ts"

/** After the last accept: time for bytes that have arrived already to be read and answered. */
const SETTLE_MS = 20

export interface ConnectionServerOptions {
  /** What the port is for, in errors. */
  readonly name: string
  /** What is spoken there. */
  readonly newDialect: NewDialect
  /** Whether clients of other ports must not take the last descriptors from it: its health is asked here. */
  readonly hasReserve: boolean
  readonly address: ListenAddress
  readonly listen: Listen
  readonly table: ConnectionTable
  readonly environment: Environment
  readonly log: Logger
}

/** A port: accepts clients, which the table admits or refuses, whatever they speak. */
export class ConnectionServer {
  readonly #listener: Listener
  readonly #options: ConnectionServerOptions

  private constructor(options: ConnectionServerOptions) {
    const { address, listen, table, newDialect, hasReserve, log } = options
    this.#options = options
    const events: ListenEvents<Client> = {
      opened: (socket) => table.admit(socket, newDialect),
      closed: (client) => table.forget(client),
      turnedAway: () => table.turnedAway(),
      handshakesFailed: (count, reason) => table.handshakesFailed(count, reason),
      failed: (error) =>
        log.error({ event: "connection-failed", err: error }, "a connection was closed"),
      paused: (reason) =>
        log.error({ event: "accept-paused", reason }, `no clients are accepted: ${reason}`),
      resumed: () => log.info({ event: "accept-resumed" }, "clients are accepted again"),
    }
    this.#listener = listen(address, events, hasReserve)
  }

  /** @throws ListenError */
  static listen(options: ConnectionServerOptions): ConnectionServer {
    try {
      return new ConnectionServer(options)
    } catch (error) {
      throw new ListenError(options.name, options.address, error)
    }
  }

  get address(): ListenAddress {
    return this.#listener.address
  }

  /** Nobody is accepted any more; who is connected is served on. */
  stopAccepting(): void {
    this.#listener.stop()
  }

  /** Stops accepting, answers what has been received, and closes every connection. */
  async stop(drain: Drain): Promise<void> {
    const { table, environment } = this.#options
    this.#listener.stop()
    await new Promise<void>((resolve) => {
      environment.after(SETTLE_MS, resolve)
    })
    await table.close(drain)
  }
}
