import type { TCPSocketListener } from "bun"
import type { Environment, Timer } from "../environment.ts"
import type { Address } from "./address.ts"
import { keepAlive } from "./keep-alive.ts"
import type { KeptAlive } from "./keep-alive.ts"
import type { ClientEvents, Listen, ListenEvents, Listener, ClientSocket } from "./listen.ts"
import type { SetUserTimeout } from "./user-timeout.ts"

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
  readonly setUserTimeout: SetUserTimeout | undefined
  readonly environment: Environment
  /** Whether this process could open anything now. */
  readonly isDescriptorLeft: () => boolean
}

/** Makes what listens on TCP. */
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
  readonly address: Address
  readonly #events: ListenEvents<Client>
  readonly #options: TcpListenerOptions
  /** undefined: nobody is accepted now. */
  #accepting: TCPSocketListener | undefined
  /** Since the last look. */
  #turnedAway = 0
  /** Whether `paused` was told. */
  #isPausedTold = false
  #timer: Timer

  /** @throws Error when the address cannot be listened on */
  constructor(address: Address, events: ListenEvents<Client>, options: TcpListenerOptions) {
    this.#events = events
    this.#options = options
    const { hostname, port } = (this.#accepting = this.#accept(address))
    this.address = { host: hostname, port }
    this.#timer = this.#lookLater()
  }

  stop(): void {
    this.#timer.cancel()
    this.#pause()
  }

  #accept({ host, port }: Address): TCPSocketListener {
    const accepting = Bun.listen<Client | undefined>({
      hostname: host,
      port,
      // A client may send its FIN with its last request, as `printf … | nc -N` does.
      allowHalfOpen: true,
      socket: {
        open: (socket) => {
          const client = this.#opened(socket)
          if (client === undefined) this.#turnAway(socket)
          socket.data = client
        },
        data: (socket, chunk) => socket.data?.data(chunk),
        drain: (socket) => socket.data?.drained(),
        end: (socket) => socket.data?.ended(),
        close: ({ data: client }) => {
          if (client === undefined) return
          client.closed()
          this.#events.closed(client)
        },
        error: (socket, error) => {
          this.#events.failed(error)
          socket.terminate()
        },
      },
    })
    const { keepAliveMs, setUserTimeout } = this.#options
    setUserTimeout?.(descriptorOf(accepting), keepAliveMs)
    return accepting
  }

  #opened(socket: ClientSocket & KeptAlive): Client | undefined {
    const { descriptorCeiling, keepAliveMs } = this.#options
    if (descriptorOf(socket) >= descriptorCeiling) {
      this.#events.turnedAway()
      return undefined
    }
    keepAlive(socket, keepAliveMs)
    return this.#events.opened(socket)
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

/** Bun's types do not name it. */
function descriptorOf(socket: object): number {
  return (socket as { readonly fd: number }).fd
}
