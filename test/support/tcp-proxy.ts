import { connect, createServer } from "node:net"
import type { Server, Socket } from "node:net"
import { once } from "node:events"
import { within } from "./deadline.ts"
import { splitAddress } from "./tcp-client.ts"

/** Which bytes a network loses. */
export type Swallowed = "requests" | "answers" | "both"

/** A link between two nodes that a test can cut, block and heal. */
export class TcpProxy implements Disposable {
  readonly #address: string
  readonly #upstream: string
  readonly #pairs = new Set<Pair>()
  #server: Server | undefined
  #swallowed: Swallowed | undefined
  #rejects = false
  readonly #accepts = new Set<() => void>()

  private constructor(address: string, upstream: string) {
    this.#address = address
    this.#upstream = upstream
  }

  /** Passes on what comes to `address`; HOST:PORT both. */
  static async listen(address: string, upstream: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(address, upstream)
    await proxy.heal()
    return proxy
  }

  /** As when the other machine goes down: resets what is open and refuses what is new. */
  cut(): void {
    this.#server?.close()
    this.#server = undefined
    this.#reset()
  }

  /** As a load balancer whose server is gone: accepts connections and resets them all. */
  reject(): void {
    this.#rejects = true
    this.#reset()
  }

  /**
   * As when packets are lost: connections stay open, new ones are accepted, and nothing arrives.
   * After the healing it does arrive, as TCP would send it again.
   */
  swallow(swallowed: Swallowed): void {
    this.#swallowed = swallowed
    for (const pair of this.#pairs) pair.swallow(swallowed)
  }

  async heal(): Promise<void> {
    this.#rejects = false
    this.#swallowed = undefined
    for (const pair of this.#pairs) pair.swallow(undefined)
    if (this.#server !== undefined) return
    this.#server = createServer((client) => this.#accept(client))
    const { hostname, port } = splitAddress(this.#address)
    this.#server.listen(port, hostname)
    await once(this.#server, "listening")
  }

  /** Waits until so many more connections have been accepted. */
  async accepts(more: number): Promise<void> {
    let left = more
    const { promise, resolve } = Promise.withResolvers<void>()
    const count = (): void => {
      if (--left === 0) resolve()
    }
    this.#accepts.add(count)
    await within(`${more} more connections to ${this.#address}`, promise)
    this.#accepts.delete(count)
  }

  [Symbol.dispose](): void {
    this.cut()
  }

  #reset(): void {
    for (const pair of this.#pairs) pair.reset()
    this.#pairs.clear()
  }

  #accept(client: Socket): void {
    for (const count of this.#accepts) count()
    if (this.#rejects) {
      client.resetAndDestroy()
      return
    }
    const { hostname, port } = splitAddress(this.#upstream)
    const pair = new Pair(client, connect(port, hostname))
    pair.swallow(this.#swallowed)
    this.#pairs.add(pair)
    client.once("close", () => this.#pairs.delete(pair))
  }
}

/** One connection through the proxy. */
class Pair {
  readonly #client: Socket
  readonly #server: Socket
  readonly #requests: Pipe
  readonly #answers: Pipe

  constructor(client: Socket, server: Socket) {
    this.#client = client
    this.#server = server
    this.#requests = new Pipe(client, server)
    this.#answers = new Pipe(server, client)
  }

  swallow(swallowed: Swallowed | undefined): void {
    this.#requests.setHeld(swallowed === "requests" || swallowed === "both")
    this.#answers.setHeld(swallowed === "answers" || swallowed === "both")
  }

  reset(): void {
    this.#client.resetAndDestroy()
    this.#server.resetAndDestroy()
  }
}

/** One direction of a connection. The end of a connection is held back as its bytes are. */
class Pipe {
  readonly #to: Socket
  #held = false
  #chunks: Uint8Array[] = []
  #ended = false

  constructor(from: Socket, to: Socket) {
    this.#to = to
    from.setNoDelay(true)
    from.on("data", (chunk: Uint8Array) => {
      this.#chunks.push(chunk)
      this.#pass()
    })
    from.on("close", () => {
      this.#ended = true
      this.#pass()
    })
    // `close` comes after it.
    from.on("error", () => {})
  }

  setHeld(held: boolean): void {
    this.#held = held
    this.#pass()
  }

  #pass(): void {
    if (this.#held) return
    const chunks = this.#chunks
    this.#chunks = []
    for (const chunk of chunks) this.#to.write(chunk)
    if (this.#ended) this.#to.end()
  }
}
