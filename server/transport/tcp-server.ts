import type { Socket, TCPSocketListener } from "bun"
import type { Logger } from "pino"
import type { Runtime } from "../runtime.ts"
import { ListenError } from "./address.ts"
import type { Address } from "./address.ts"
import { Connection } from "./connection.ts"
import type { ConnectionParts } from "./connection.ts"

/** After the last accept: time for bytes that have arrived already to be read and answered. */
const SETTLE_MS = 20
/** The longest it may take to answer what has been received. */
const ANSWER_MS = 5_000
/** After our FIN: time for clients to read their last answers and close. */
const LINGER_MS = 1_000

export interface TcpServerOptions {
  readonly address: Address
  readonly parts: ConnectionParts
  readonly runtime: Runtime
  readonly log: Logger
}

/** Accepts clients and hands their bytes to a `Connection` each. */
export class TcpServer {
  readonly #listener: TCPSocketListener<Connection>
  readonly #runtime: Runtime
  readonly #sockets = new Set<Socket<Connection>>()
  #allClosed: (() => void) | undefined

  private constructor(options: TcpServerOptions) {
    const { address, parts, log } = options
    const sockets = this.#sockets
    this.#runtime = options.runtime
    this.#listener = Bun.listen<Connection>({
      hostname: address.host,
      port: address.port,
      // A client may send its FIN with its last request, as `printf … | nc -N` does.
      allowHalfOpen: true,
      socket: {
        open(socket) {
          socket.data = new Connection(socket, parts)
          sockets.add(socket)
        },
        data: (socket, chunk) => socket.data.data(chunk),
        drain: (socket) => socket.data.drained(),
        end: (socket) => socket.data.ended(),
        close: (socket) => {
          socket.data.closed()
          this.#forget(socket)
        },
        error(socket, error) {
          log.error({ event: "connection-failed", err: error }, "a connection was closed")
          socket.terminate()
        },
      },
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
    return { host: this.#listener.hostname, port: this.#listener.port }
  }

  /** Stops accepting, answers what has been received, and closes every connection. */
  async stop(): Promise<void> {
    this.#listener.stop()
    await this.#pause(SETTLE_MS)
    const answered = Array.from(this.#sockets, (socket) => socket.data.finish())
    await Promise.race([Promise.all(answered), this.#pause(ANSWER_MS)])
    if (this.#sockets.size === 0) return
    const allClosed = new Promise<void>((resolve) => (this.#allClosed = resolve))
    await Promise.race([allClosed, this.#pause(LINGER_MS)])
    for (const socket of this.#sockets) socket.terminate()
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#runtime.after(delayMs, resolve)
    })
  }

  #forget(socket: Socket<Connection>): void {
    this.#sockets.delete(socket)
    if (this.#sockets.size === 0) this.#allClosed?.()
  }
}
