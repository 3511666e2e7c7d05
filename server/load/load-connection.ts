import { isIP } from "node:net"
import type { Socket } from "bun"
import { addressText } from "../net/address.ts"
import type { ListenAddress } from "../net/address.ts"
import { handshakeFault } from "../net/tls-faults.ts"
import type { AnswerCounter } from "./answers.ts"
import type { Connection } from "./loop.ts"
import type { Pattern } from "./requests.ts"
import type { LoadTls } from "./workload.ts"

export interface LoadConnectionOptions {
  readonly server: ListenAddress
  readonly tls: LoadTls | undefined
  readonly pattern: Pattern
  readonly counter: AnswerCounter
  /**
   * The number of the request in the pattern that it begins with. Connections begin apart, so that
   * they do not all send the same at the same time.
   */
  readonly first: number
  /** Hears that the other side closed the connection. */
  readonly onLost: (error: Error) => void
}

/** One connection of a load: sends requests by the number, counts answers. */
export class LoadConnection implements Connection {
  /** Called with how many answers came in a chunk. */
  onAnswers: (count: number) => void = () => {}
  readonly counter: AnswerCounter
  readonly #pattern: Pattern
  readonly #onLost: (error: Error) => void
  #socket!: Socket
  #position: number
  #owedBytes = 0
  #closing = false

  private constructor({ pattern, counter, onLost, first }: LoadConnectionOptions) {
    this.#position = (first * pattern.requestSize) % pattern.length
    this.#pattern = pattern
    this.counter = counter
    this.#onLost = onLost
  }

  /** @throws Error that says why there is no connection */
  static async open(options: LoadConnectionOptions): Promise<LoadConnection> {
    const { server, tls, counter } = options
    const connection = new LoadConnection(options)
    const ready = Promise.withResolvers<void>()
    const isOpen = (): void => ready.resolve()
    const lost = (error: Error): void => {
      ready.reject(error)
      connection.#lost(error)
    }
    const socket: Bun.SocketHandler<undefined> = {
      open: () => {
        if (tls === undefined) isOpen()
      },
      handshake: (secured, isDone, error) => {
        const isTrusted = secured.authorized || tls?.rejectUnauthorized === false
        if (isDone && isTrusted) isOpen()
        else ready.reject(new Error(`its TLS is refused: ${handshakeFault(error)}`))
      },
      data: (_, chunk) => {
        const count = counter.take(chunk)
        if (count > 0) connection.onAnswers(count)
      },
      drain: () => connection.#flush(),
      close: () => lost(new Error(`${addressText(server)} closed a connection`)),
      error: (_, error) => lost(error),
    }
    const named = "path" in server || isIP(server.host) > 0 ? {} : { serverName: server.host }
    const rest = { socket, ...(tls === undefined ? {} : { tls: { ...tls, ...named } }) }
    connection.#socket = await ("path" in server
      ? Bun.connect({ unix: server.path, ...rest })
      : Bun.connect({ hostname: server.host, port: server.port, ...rest }))
    await ready.promise
    return connection
  }

  send(count: number): void {
    const isBlocked = this.#owedBytes > 0
    this.#owedBytes += count * this.#pattern.requestSize
    if (!isBlocked) this.#flush()
  }

  close(): void {
    this.#closing = true
    this.#socket.terminate()
  }

  #flush(): void {
    const { bytes, length } = this.#pattern
    while (this.#owedBytes > 0) {
      const size = Math.min(this.#owedBytes, length)
      const accepted = this.#socket.write(bytes, this.#position, size)
      if (accepted < 0) return
      this.#position = (this.#position + accepted) % length
      this.#owedBytes -= accepted
      if (accepted < size) return
    }
  }

  #lost(error: Error): void {
    if (!this.#closing) this.#onLost(error)
  }
}
