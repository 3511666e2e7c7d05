import type { Socket } from "bun"
import type { AnswerCounter, Pattern } from "./dialects.ts"
import type { Connection } from "./loop.ts"

export interface LoadConnectionOptions {
  readonly host: string
  readonly port: number
  readonly tls: boolean
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

/** One connection of the load generator: sends requests by the number, counts answers. */
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

  private constructor(options: LoadConnectionOptions) {
    const { pattern, counter, onLost, first } = options
    this.#position = (first * pattern.requestSize) % pattern.length
    this.#pattern = pattern
    this.counter = counter
    this.#onLost = onLost
  }

  static async open(options: LoadConnectionOptions): Promise<LoadConnection> {
    const { host, port, tls, counter } = options
    const connection = new LoadConnection(options)
    const ready = Promise.withResolvers<void>()
    connection.#socket = await Bun.connect({
      hostname: host,
      port,
      ...(tls ? { tls: { rejectUnauthorized: false } } : {}),
      socket: {
        open: () => {
          if (!tls) ready.resolve()
        },
        handshake: (_, isDone, error) => {
          if (isDone) ready.resolve()
          else ready.reject(error ?? new Error("the handshake failed"))
        },
        data: (_, chunk) => {
          const count = counter.take(chunk)
          if (count > 0) connection.onAnswers(count)
        },
        drain: () => connection.#flush(),
        close: () => connection.#lost(new Error(`${host}:${port} closed a connection`)),
        error: (_, error) => connection.#lost(error),
      },
    })
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
