import type { Logger } from "pino"
import type { Environment } from "../../environment.ts"
import { ListenError } from "../../net/address.ts"
import type { Address } from "../../net/address.ts"
import { Connection } from "../connection.ts"
import type { ConnectionParts } from "../connection-parts.ts"
import type { Listen, Listener, ClientSocket } from "../../net/listen.ts"

/** After the last accept: time for bytes that have arrived already to be read and answered. */
const SETTLE_MS = 20
/** The longest it may take to answer what has been received. */
const ANSWER_MS = 5_000
/** After our FIN: time for clients to read their last answers and close. */
const LINGER_MS = 1_000

export interface TcpServerOptions {
  readonly address: Address
  readonly listen: Listen
  readonly parts: ConnectionParts
  readonly environment: Environment
  readonly log: Logger
}

/** Accepts clients and hands their bytes to a `Connection` each. */
export class TcpServer {
  readonly #listener: Listener
  readonly #environment: Environment
  readonly #sockets = new Map<Connection, ClientSocket>()
  #allClosed: (() => void) | undefined

  private constructor({ address, listen, parts, environment, log }: TcpServerOptions) {
    this.#environment = environment
    this.#listener = listen(address, {
      opened: (socket) => {
        const connection = new Connection(socket, parts)
        this.#sockets.set(connection, socket)
        return connection
      },
      closed: (connection) => this.#forget(connection),
      failed: (error) =>
        log.error({ event: "connection-failed", err: error }, "a connection was closed"),
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
    this.#listener.stop()
    await this.#pause(SETTLE_MS)
    const answered = Array.from(this.#sockets.keys(), (connection) => connection.finish())
    await Promise.race([Promise.all(answered), this.#pause(ANSWER_MS)])
    if (this.#sockets.size === 0) return
    const allClosed = new Promise<void>((resolve) => (this.#allClosed = resolve))
    await Promise.race([allClosed, this.#pause(LINGER_MS)])
    for (const socket of this.#sockets.values()) socket.terminate()
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#environment.after(delayMs, resolve)
    })
  }

  #forget(connection: Connection): void {
    this.#sockets.delete(connection)
    if (this.#sockets.size === 0) this.#allClosed?.()
  }
}
