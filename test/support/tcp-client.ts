import type { Socket } from "bun"
import {
  FrameReader,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  encodeRequest,
  responseStatus,
  responseValue,
} from "../../protocol/index.ts"
import { within } from "./deadline.ts"

/** The fields of one request; those left out are those of a LOCAL request for one id. */
export interface RequestFields {
  readonly op?: number
  readonly flags?: number
  readonly count?: number
  readonly target?: number
}

export interface Answer {
  readonly status: number
  readonly value: bigint
}

/** Requests one behind the other, as bytes. */
export function requests(list: readonly RequestFields[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(list.length * REQUEST_SIZE)
  for (const [i, { op = 1, flags = 0, count = 1, target = 0 }] of list.entries()) {
    encodeRequest(bytes, i * REQUEST_SIZE, op, flags, count, target)
  }
  return bytes
}

export function splitAddress(address: string): { hostname: string; port: number } {
  const colon = address.lastIndexOf(":")
  return { hostname: address.slice(0, colon), port: Number(address.slice(colon + 1)) }
}

function placeOf(address: string): { hostname: string; port: number } | { unix: string } {
  const [, unix] = /^unix:(.*)$/.exec(address) ?? []
  return unix === undefined ? splitAddress(address) : { unix }
}

interface Receiver {
  /** Whole responses, in `view` from `start` to `end`. */
  takeFrames(view: DataView, start: number, end: number): void
  /** The connection ended. */
  ended(): void
}

/** Hands every answer to `take`, as an object of its own. */
export function eachAnswer(take: (answer: Answer) => void): Receiver["takeFrames"] {
  return (view, start, end) => {
    for (let at = start; at < end; at += RESPONSE_SIZE) {
      take({ status: responseStatus(view, at), value: responseValue(view, at) })
    }
  }
}

/** A client of the binary protocol; closed when its test leaves the block. */
export class TcpClient implements Disposable {
  /** Answers that nobody has asked for with `receive` yet. */
  readonly unclaimed: Answer[] = []
  /** Resolves when the node has closed or reset the connection; to the error if it was reset. */
  readonly closed: Promise<Error | undefined>
  /** Where answers go. */
  receiver: Receiver = {
    takeFrames: eachAnswer((answer) => this.unclaimed.push(answer)),
    ended: () => {},
  }
  #socket!: Socket
  readonly #reader = new FrameReader(RESPONSE_SIZE)
  readonly #wake = new Set<() => void>()
  #ended = false
  #drained = Promise.withResolvers<void>()
  #end = Promise.withResolvers<Error | undefined>()
  #unsent: Promise<void> = Promise.resolve()

  private constructor() {
    this.closed = this.#end.promise
  }

  /** @param tls undefined: without TLS; with it, resolves when the handshake is over */
  static async connect(address: string, tls?: Bun.TLSOptions): Promise<TcpClient> {
    const client = new TcpClient()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const connecting = Bun.connect({
      ...(placeOf(address) as { hostname: string; port: number }),
      allowHalfOpen: true,
      ...(tls === undefined ? {} : { tls }),
      socket: {
        open: () => {
          if (tls === undefined) resolve()
        },
        handshake: (socket, isDone, error) => {
          if (isDone && socket.authorized) resolve()
          else reject(error ?? new Error("the handshake failed"))
        },
        data: (_, chunk) => client.#receive(chunk),
        drain: () => client.#drained.resolve(),
        end: (socket) => {
          client.#finish(undefined)
          socket.end()
        },
        close: (_, error) => client.#finish(error),
        error: (_, error) => client.#finish(error),
      },
    })
    client.#socket = await within(`a connection to ${address}`, connecting)
    await within(`a handshake with ${address}`, Promise.race([promise, client.closed]))
    return client
  }

  /** Bytes of an answer that has not come whole. */
  get keptBytes(): number {
    return this.#reader.kept
  }

  /** Writes all of `bytes`; resolves when the system has taken them. */
  send(bytes: Uint8Array): Promise<void> {
    this.#unsent = this.#unsent.then(() => this.#write(bytes))
    return this.#unsent
  }

  /** The next `count` answers. @throws Error when the connection ends before they are there */
  async receive(count: number): Promise<Answer[]> {
    await within(
      `${count} answers`,
      this.#until(() => this.unclaimed.length >= count),
    )
    if (this.unclaimed.length < count) {
      throw new Error(`the connection ended after ${this.unclaimed.length} of ${count} answers`)
    }
    return this.unclaimed.splice(0, count)
  }

  async ask(request: RequestFields = {}): Promise<Answer> {
    const [answer] = await this.askAll([request])
    return answer!
  }

  /** Sends the requests in one go and waits for as many answers. */
  async askAll(list: readonly RequestFields[]): Promise<Answer[]> {
    void this.send(requests(list))
    return await this.receive(list.length)
  }

  /** Sends FIN; answers can still be received. */
  async halfClose(): Promise<void> {
    await this.#unsent
    this.#socket.shutdown()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  [Symbol.dispose](): void {
    this.#socket.terminate()
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let offset = 0
    while (offset < bytes.length && !this.#ended) {
      this.#drained = Promise.withResolvers()
      const accepted = this.#socket.write(bytes, offset, bytes.length - offset)
      if (accepted < 0) return
      offset += accepted
      if (offset < bytes.length) await Promise.race([this.#drained.promise, this.closed])
    }
  }

  #receive(chunk: Uint8Array): void {
    const reader = this.#reader
    reader.push(chunk)
    while (reader.nextRun()) {
      const { bytes, start, end } = reader
      this.receiver.takeFrames(new DataView(bytes.buffer, bytes.byteOffset), start, end)
      reader.start = end
    }
    for (const look of this.#wake) look()
  }

  #until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isSo() && !this.#ended) return
        this.#wake.delete(look)
        resolve()
      }
      this.#wake.add(look)
      look()
    })
  }

  #finish(error: Error | undefined): void {
    if (this.#ended) return
    this.#ended = true
    this.#end.resolve(error)
    this.receiver.ended()
    for (const look of this.#wake) look()
  }
}
