import type { Socket } from "bun"
import {
  FirnError,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  Status,
  encodeRequest,
  responseHigh,
  responseLow,
  responseStatus,
  responseValue,
} from "../../protocol/index.ts"
import type { Op } from "../../protocol/index.ts"
import { addressText } from "../transport/address.ts"
import type { Address } from "../transport/address.ts"

const TIMEOUT_MS = 5_000

interface Answer {
  readonly high: number
  readonly low: number
}

interface Pending {
  resolve(answer: Answer): void
  reject(error: Error): void
}

/** One connection to a node for the command line: one question at a time. */
export class ServerConnection {
  readonly #server: Address
  readonly #received = new Uint8Array(RESPONSE_SIZE)
  #receivedLength = 0
  #socket: Socket | undefined
  #pending: Pending | undefined

  private constructor(server: Address) {
    this.#server = server
  }

  /** @throws Error that names the address when nobody answers there */
  static async open(server: Address): Promise<ServerConnection> {
    const connection = new ServerConnection(server)
    try {
      connection.#socket = await Bun.connect({
        hostname: server.host,
        port: server.port,
        socket: {
          data: (_, chunk) => connection.#receive(chunk),
          close: () => connection.#fail("it closed the connection"),
          error: (_, error) => connection.#fail(error.message),
        },
      })
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      const why = code === "ECONNREFUSED" ? "nothing listens there" : (error as Error).message
      throw new Error(`cannot reach ${addressText(server)}: ${why}`, { cause: error })
    }
    return connection
  }

  /** @throws FirnError when the answer is not OK; Error when there is none within 5 s */
  async ask(op: Op, count: number, target: number): Promise<Answer> {
    const request = new Uint8Array(REQUEST_SIZE)
    encodeRequest(request, 0, op, 0, count, target)
    const timer = setTimeout(() => this.#fail(`no answer within ${TIMEOUT_MS} ms`), TIMEOUT_MS)
    try {
      return await new Promise<Answer>((resolve, reject) => {
        this.#pending = { resolve, reject }
        this.#socket?.write(request)
      })
    } finally {
      clearTimeout(timer)
    }
  }

  close(): void {
    this.#socket?.end()
  }

  #receive(chunk: Uint8Array): void {
    const room = RESPONSE_SIZE - this.#receivedLength
    this.#received.set(chunk.subarray(0, room), this.#receivedLength)
    this.#receivedLength += Math.min(chunk.length, room)
    if (chunk.length > room) this.#fail("it sent more than was asked for")
    else if (this.#receivedLength === RESPONSE_SIZE) this.#settle()
  }

  #settle(): void {
    this.#receivedLength = 0
    const view = new DataView(this.#received.buffer)
    const status = responseStatus(view, 0)
    const pending = this.#pending
    this.#pending = undefined
    if (status === Status.OK) {
      pending?.resolve({ high: responseHigh(view, 0), low: responseLow(view, 0) })
    } else pending?.reject(FirnError.fromStatus(status, responseValue(view, 0)))
  }

  #fail(why: string): void {
    this.#pending?.reject(new Error(`${addressText(this.#server)}: ${why}`))
    this.#pending = undefined
  }
}
