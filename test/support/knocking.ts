import type { Socket } from "bun"
import { requests, splitAddress } from "./tcp-client.ts"

const REQUEST = requests([{}])

/**
 * Clients that connect, ask for one id and stay; one that is not served comes again at once. What
 * the node says to them is not looked at.
 */
export class Knocking implements AsyncDisposable {
  /** How often a client has come, served or not. */
  knocks = 0
  readonly #address: { hostname: string; port: number }
  readonly #sockets = new Set<Socket>()
  readonly #clients: readonly Promise<void>[]
  #isOver = false

  constructor(address: string, clients: number) {
    this.#address = splitAddress(address)
    this.#clients = Array.from({ length: clients }, () => this.#knock())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    for (const socket of this.#sockets) socket.terminate()
    await Promise.all(this.#clients)
  }

  async #knock(): Promise<void> {
    while (!this.#isOver) {
      this.knocks++
      await this.#visit()
    }
  }

  /** Until the connection is closed. */
  async #visit(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    try {
      await Bun.connect({
        ...this.#address,
        socket: {
          open: (socket) => {
            this.#sockets.add(socket)
            socket.write(REQUEST)
          },
          data: () => {},
          close: (socket) => {
            this.#sockets.delete(socket)
            resolve()
          },
          error: () => resolve(),
        },
      })
    } catch {
      // Refused: nobody listens now. Others have their turn before it comes again.
      await new Promise(setImmediate)
      return
    }
    await promise
  }
}
