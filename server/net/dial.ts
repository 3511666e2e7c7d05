import { connect, isIP } from "node:net"
import { addressText } from "./address.ts"
import type { Address } from "./address.ts"
import { keepAlive } from "./keep-alive.ts"
import { resolveName } from "./resolve.ts"
import type { Resolve } from "./resolve.ts"
import { handshakeFault } from "./tls-faults.ts"
import type { PeerTls } from "./tls-identity.ts"

/** A link is checked twice a second by what is said on it; this ends one that nobody checks. */
const KEEP_ALIVE_MS = 60_000

/** A connection to another node, as far as a link needs it. */
export interface PeerSocket {
  /** @returns how many bytes were accepted; the rest is not kept; below 0 when it is closed */
  write(bytes: Uint8Array, offset: number, length: number): number
  /** Closes at once; `closed` is not called for it. */
  terminate(): void
}

export interface PeerSocketEvents {
  opened(socket: PeerSocket): void
  data(chunk: Uint8Array): void
  drained(): void
  /** It could not be opened, or was lost. */
  closed(reason: string): void
}

/** An attempt to connect. */
export interface Attempt {
  /** Gives it up while it is not open: nothing is told of it any more. */
  abandon(): void
}

/** Opens a connection, and tells by events what becomes of it, never before it returns. */
export type Dial = (address: Address, events: PeerSocketEvents) => Attempt

/**
 * The dial over TCP. `Bun.connect` cannot be given up: where nothing answers it holds its descriptor
 * until the system has sent its last SYN, 127 s later. So where nothing has answered before, a
 * connection of `node:net`, which can, goes ahead; the real one follows when that is open.
 *
 * @param peerTls read for each connection; undefined: without TLS
 */
export function dialWith(resolve: Resolve, peerTls?: () => PeerTls | undefined): Dial {
  const dark = new Set<string>()
  return (address, events) => {
    const attempt = new TcpAttempt(address, events, dark, peerTls?.())
    attempt.start(resolve(address.host))
    return attempt
  }
}

/** By the addresses that the system knows of a name. */
export function dialTcp(peerTls?: () => PeerTls | undefined): Dial {
  return dialWith(resolveName, peerTls)
}

class TcpAttempt implements Attempt {
  readonly #name: string
  readonly #host: string
  readonly #port: number
  readonly #events: PeerSocketEvents
  /** The addresses where the last attempt was given up. */
  readonly #dark: Set<string>
  readonly #tls: PeerTls | undefined
  readonly #abandoning = new AbortController()

  constructor(
    address: Address,
    events: PeerSocketEvents,
    dark: Set<string>,
    tls: PeerTls | undefined,
  ) {
    this.#name = addressText(address)
    this.#host = address.host
    this.#port = address.port
    this.#events = events
    this.#dark = dark
    this.#tls = tls
  }

  start(resolving: Promise<readonly string[]>): void {
    this.#connect(resolving, this.#dark.has(this.#name)).catch((error: NodeJS.ErrnoException) => {
      if (this.#isAbandoned) return
      this.#dark.delete(this.#name)
      this.#events.closed(error.code === "ECONNREFUSED" ? "nothing listens there" : error.message)
    })
  }

  abandon(): void {
    this.#dark.add(this.#name)
    this.#abandoning.abort()
  }

  get #isAbandoned(): boolean {
    return this.#abandoning.signal.aborted
  }

  /** Tries the addresses one after the other; throws why the last of them failed. */
  async #connect(resolving: Promise<readonly string[]>, wasDark: boolean): Promise<void> {
    let failure: unknown
    for (const host of await resolving) {
      if (this.#isAbandoned) return
      try {
        if (wasDark) await reach(host, this.#port, this.#abandoning.signal)
        if (!this.#isAbandoned) await this.#open(host)
        return
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  async #open(hostname: string): Promise<void> {
    const events = this.#events
    const tls = this.#tls
    await Bun.connect({
      hostname,
      port: this.#port,
      ...(tls === undefined ? {} : { tls: this.#tlsOptions(tls) }),
      socket: {
        open: (socket) => {
          keepAlive(socket, KEEP_ALIVE_MS)
          this.#dark.delete(this.#name)
          if (this.#isAbandoned) socket.terminate()
          else if (tls === undefined) events.opened(socket)
        },
        // Never called without TLS. Until it says who is there, nothing is sent.
        handshake: (socket, isDone, error) => {
          if (this.#isAbandoned) socket.terminate()
          else if (isDone && socket.authorized) events.opened(socket)
          else {
            events.closed(`its TLS is refused: ${handshakeFault(error)}`)
            socket.terminate()
          }
        },
        data: (_, chunk) => events.data(chunk),
        drain: () => events.drained(),
        close: () => events.closed("it closed the connection"),
        end: () => events.closed("it closed the connection"),
        error: (socket, error) => {
          events.closed(tls === undefined ? error.message : handshakeFault(error))
          socket.terminate()
        },
      },
    })
  }

  /** The certificate has to be for the name that the list has, whatever address that has. */
  #tlsOptions(tls: PeerTls): Bun.TLSOptions {
    const name = isIP(this.#host) === 0 ? { serverName: this.#host } : {}
    return { ...tls, ...name }
  }
}

/** Resolves once a connection could be opened there, which is closed again. */
async function reach(host: string, port: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const socket = connect({ host, port })
  socket.once("connect", resolve)
  socket.once("error", reject)
  const abandon = (): void => reject(new Error("given up"))
  signal.addEventListener("abort", abandon)
  try {
    await promise
  } finally {
    signal.removeEventListener("abort", abandon)
    // Closes the descriptor at once, whether or not it is connected.
    socket.destroy()
  }
}
