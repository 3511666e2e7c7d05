import type { TCPSocketListener } from "bun"

const HOST = "127.0.0.1"

/** Below the ports that systems give to outgoing connections. */
const FIRST_PORT = 20_000
const BLOCK_SIZE = 16
const BLOCK_COUNT = 750

/**
 * Ports that are free on the loopback address and that no other cluster takes meanwhile. They come
 * in blocks: whoever listens on the first port of a block may use the rest of it. Without that,
 * another cluster could find the same ports free before the nodes listen on them, or while one of
 * them restarts.
 */
export class FreePorts implements Disposable {
  readonly #guards: TCPSocketListener[] = []
  readonly #ports: number[] = []

  /**
   * @param count how many are needed
   * @param random uniform in [0, 1)
   * @throws Error when there are not that many
   */
  constructor(count: number, random: () => number) {
    const start = Math.floor(random() * BLOCK_COUNT)
    for (let i = 0; i < BLOCK_COUNT && this.#ports.length < count; i++) {
      this.#addBlock(FIRST_PORT + ((start + i) % BLOCK_COUNT) * BLOCK_SIZE)
    }
    if (this.#ports.length >= count) return
    this[Symbol.dispose]()
    throw new Error(`there are no ${count} free ports on ${HOST}`)
  }

  /** Takes one of them; each is given out once. */
  take(): number {
    const port = this.#ports.shift()
    if (port === undefined) throw new Error("more ports were taken than asked for")
    return port
  }

  [Symbol.dispose](): void {
    for (const guard of this.#guards) guard.stop(true)
  }

  #addBlock(first: number): void {
    const guard = listen(first)
    if (guard === undefined) return
    this.#guards.push(guard)
    for (let port = first + 1; port < first + BLOCK_SIZE; port++) {
      const probe = listen(port)
      probe?.stop(true)
      if (probe !== undefined) this.#ports.push(port)
    }
  }
}

/** @returns undefined when the port is in use */
function listen(port: number): TCPSocketListener | undefined {
  try {
    return Bun.listen({ hostname: HOST, port, socket: { data: (socket) => void socket.end() } })
  } catch {
    return undefined
  }
}
