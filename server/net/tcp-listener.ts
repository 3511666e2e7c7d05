import type { Socket, SocketHandler, TCPSocketListener, UnixSocketListener } from "bun"
import type { Environment, Timer } from "../environment.ts"
import type { ListenAddress } from "./address.ts"
import { Handshakes } from "./handshakes.ts"
import { keepAlive } from "./keep-alive.ts"
import type { Libc } from "./libc.ts"
import type { ClientEvents, Listen, ListenEvents, Listener, ClientSocket } from "./listen.ts"
import { handshakeFault } from "./tls-faults.ts"
import type { TlsIdentity } from "./tls-identity.ts"
import { withSocketMode } from "./unix-socket.ts"

/** How often a listener looks whether it can go on. */
const LOOK_MS = 1_000
/**
 * So many clients are turned away between two looks; then none are accepted before the next one. It
 * bounds what clients cost that come again at once, about 25 µs each time.
 */
const TURNED_AWAY_MAX = 2_000

export interface TcpListenerOptions {
  /** A client whose descriptor has this number or a higher one is turned away. */
  readonly descriptorCeiling: number
  /** How many descriptors below the ceiling only a listener with a reserve gives to its clients. */
  readonly descriptorReserve: number
  /** A client that its network has lost is given up after this. */
  readonly keepAliveMs: number
  /** undefined: clients connect without TLS. */
  readonly tls: TlsIdentity | undefined
  /** How long a handshake of TLS may take. */
  readonly handshakeTimeoutMs: number
  /** Of a unix socket. */
  readonly socketMode: number
  readonly libc: Libc | undefined
  readonly environment: Environment
  /** Whether this process could open anything now. */
  readonly isDescriptorLeft: () => boolean
}

/** Makes what listens on TCP or on a unix socket, by TLS or without it. */
export function tcpListen(options: TcpListenerOptions): Listen {
  return (address, events, hasReserve) => {
    const { descriptorCeiling, descriptorReserve } = options
    const ceiling = hasReserve ? descriptorCeiling : descriptorCeiling - descriptorReserve
    return new TcpListener(address, events, { ...options, descriptorCeiling: ceiling })
  }
}

/**
 * Accepts clients on an address. Bun does not stop accepting when descriptors have run out: it tries
 * again in every turn of the event loop (oven-sh/bun#32705). So clients never get the last
 * descriptors, and when something else takes these, the listener closes until one is free.
 */
class TcpListener<Client extends ClientEvents> implements Listener {
  readonly address: ListenAddress
  readonly #events: ListenEvents<Client>
  readonly #options: TcpListenerOptions
  readonly #handshakes: Handshakes
  readonly #endWatch: (() => void) | undefined
  /** undefined: nobody is accepted now. */
  #accepting: Accepting<Client> | undefined
  /** Since the last look. */
  #turnedAway = 0
  /** Whether `paused` was told. */
  #isPausedTold = false
  #timer: Timer

  /** @throws Error when the address cannot be listened on */
  constructor(address: ListenAddress, events: ListenEvents<Client>, options: TcpListenerOptions) {
    this.#events = events
    this.#options = options
    const { environment, tls, handshakeTimeoutMs } = options
    this.#handshakes = new Handshakes(environment, handshakeTimeoutMs)
    this.#accepting = this.#accept(address)
    this.address = "isShared" in address ? address : (listenedOn(this.#accepting) ?? address)
    this.#endWatch = tls?.watch(() => this.#renew())
    this.#timer = this.#lookLater()
  }

  stop(): void {
    this.#endWatch?.()
    this.#timer.cancel()
    this.#pause()
    this.#handshakes.closeAll()
  }

  #accept(address: ListenAddress): Accepting<Client> {
    const { keepAliveMs, libc, socketMode } = this.#options
    if ("path" in address) {
      return withSocketMode(socketMode, () => this.#listen({ unix: address.path }))
    }
    const { host: hostname, port } = address
    const accepting = this.#listen({ hostname, port, reusePort: "isShared" in address })
    libc?.setUserTimeout(descriptorOf(accepting), keepAliveMs)
    return accepting
  }

  #listen(where: Place): Accepting<Client> {
    const { tls } = this.#options
    const socket = tls === undefined ? this.#plainHandler() : this.#tlsHandler()
    const options = {
      ...where,
      // A client may send its FIN with its last request, as `printf … | nc -N` does.
      allowHalfOpen: true,
      socket,
      ...(tls === undefined ? {} : { tls: tls.server }),
    }
    // Bun's types know neither `fd` nor `minVersion`.
    return Bun.listen<Client | undefined>(options as Bun.TCPSocketListenOptions<Client | undefined>)
  }

  #plainHandler(): SocketHandler<Client | undefined> {
    return {
      open: (socket) => {
        if (this.#hasRoomFor(socket)) this.#admit(socket)
      },
      ...this.#clientHandler(),
    }
  }

  /** Whoever has not finished its handshake is no client: nothing it sends is read before. */
  #tlsHandler(): SocketHandler<Client | undefined> {
    const handler = this.#clientHandler()
    const mustBeKnown = this.#options.tls?.server.requestCert === true
    return {
      ...handler,
      open: (socket) => {
        if (this.#hasRoomFor(socket)) this.#handshakes.begin(socket)
      },
      handshake: (socket, isDone, error) => {
        if (!this.#handshakes.end(socket)) return
        if (isDone && (!mustBeKnown || socket.authorized)) this.#admit(socket)
        else {
          this.#events.handshakesFailed(1, handshakeFault(error))
          socket.terminate()
        }
      },
      close: (socket, error) => {
        if (this.#handshakes.end(socket))
          this.#events.handshakesFailed(1, "it closed the connection")
        void handler.close?.(socket, error)
      },
    }
  }

  #clientHandler(): SocketHandler<Client | undefined> {
    return {
      data: (socket, chunk) => socket.data?.data(chunk),
      drain: (socket) => socket.data?.drained(),
      end: (socket) => {
        if (socket.data === undefined) socket.end()
        else socket.data.ended()
      },
      close: ({ data: client }) => {
        if (client === undefined) return
        client.closed()
        this.#events.closed(client)
      },
      error: (socket, error) => {
        if (socket.data !== undefined) this.#events.failed(error)
        socket.terminate()
      },
    }
  }

  /** Whether there is a descriptor for it; turns it away if not. */
  #hasRoomFor(socket: Socket<Client | undefined>): boolean {
    socket.data = undefined
    const { descriptorCeiling, keepAliveMs } = this.#options
    if (descriptorOf(socket) >= descriptorCeiling) {
      this.#events.turnedAway()
      this.#turnAway(socket)
      return false
    }
    keepAlive(socket, keepAliveMs)
    return true
  }

  #admit(socket: Socket<Client | undefined>): void {
    const client = this.#events.opened(socket)
    if (client === undefined) this.#turnAway(socket)
    socket.data = client
  }

  /** Takes other certificates. Nobody is turned away for it: the queue of the system stays as it is. */
  #renew(): void {
    const old = this.#accepting
    if (old === undefined) return
    const { libc } = this.#options
    if ("path" in this.address || libc === undefined) {
      // Bun takes the path of a unix socket away with its listener.
      this.#pause()
      this.#resume()
      return
    }
    const fd = libc.duplicate(descriptorOf(old))
    if (fd < 0) throw new Error("no descriptor is left to listen with other certificates")
    this.#accepting = this.#listen({ fd })
    old.stop()
  }

  #turnAway(socket: ClientSocket): void {
    socket.terminate()
    if (++this.#turnedAway === TURNED_AWAY_MAX) this.#pause()
  }

  #pause(): void {
    this.#accepting?.stop()
    this.#accepting = undefined
  }

  #lookLater(): Timer {
    return this.#options.environment.after(LOOK_MS, () => {
      this.#timer = this.#lookLater()
      this.#look()
    })
  }

  #look(): void {
    this.#turnedAway = 0
    const overdue = this.#handshakes.closeOverdue()
    if (overdue > 0) this.#events.handshakesFailed(overdue, "it took too long")
    if (!this.#options.isDescriptorLeft()) {
      this.#pause()
      this.#tellPaused("no descriptor is left")
    } else if (this.#accepting === undefined) this.#resume()
  }

  /** Another process may have taken the address meanwhile. */
  #resume(): void {
    try {
      this.#accepting = this.#accept(this.address)
    } catch (error) {
      this.#tellPaused((error as Error).message)
      return
    }
    if (this.#isPausedTold) this.#events.resumed()
    this.#isPausedTold = false
  }

  #tellPaused(reason: string): void {
    if (!this.#isPausedTold) this.#events.paused(reason)
    this.#isPausedTold = true
  }
}

/** Where `Bun.listen` listens: an address, a path, or a socket that listens already. */
type Place =
  | { readonly hostname: string; readonly port: number; readonly reusePort: boolean }
  | { readonly unix: string }
  | { readonly fd: number }

type Accepting<Client> =
  TCPSocketListener<Client | undefined> | UnixSocketListener<Client | undefined>

/** With the port that the system has chosen. @returns undefined for a unix socket */
function listenedOn(accepting: object): ListenAddress | undefined {
  const { hostname, port } = accepting as Partial<TCPSocketListener>
  return hostname === undefined || port === undefined ? undefined : { host: hostname, port }
}

/** Bun's types do not name it. */
function descriptorOf(socket: object): number {
  return (socket as { readonly fd: number }).fd
}
