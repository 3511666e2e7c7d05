import type { Address } from "./address.ts"
import type { Sink } from "./outbound.ts"

/** The socket of a client, as far as a connection needs it. */
export interface ClientSocket extends Sink {
  pause(): void
  resume(): void
  /** Sends FIN after what was written; bytes can still be read. */
  shutdown(): void
  /** Closes both ways. */
  end(): void
  /** Closes at once; what was not sent yet is lost. */
  terminate(): void
}

/** Hears what a client does. */
interface ClientEvents {
  data(chunk: Uint8Array): void
  drained(): void
  /** It will send no more. */
  ended(): void
  /** The socket is closed both ways, whoever closed it. */
  closed(): void
}

interface ListenEvents<Client extends ClientEvents> {
  /** A client has connected. @returns what hears of it from now on */
  opened(socket: ClientSocket): Client
  /** The socket of a client is closed. Called after the client's own `closed`. */
  closed(client: Client): void
  /** A socket failed, and is closed for that. */
  failed(error: Error): void
}

export interface Listener {
  readonly address: Address
  /** Accepts no more; what is open stays open. */
  stop(): void
}

/**
 * Listens on an address, and tells by events what clients do.
 * @throws Error when the address cannot be listened on
 */
export type Listen = <Client extends ClientEvents>(
  address: Address,
  events: ListenEvents<Client>,
) => Listener

export const listenTcp: Listen = <Client extends ClientEvents>(
  address: Address,
  events: ListenEvents<Client>,
) => {
  const listener = Bun.listen<Client>({
    hostname: address.host,
    port: address.port,
    // A client may send its FIN with its last request, as `printf … | nc -N` does.
    allowHalfOpen: true,
    socket: {
      open: (socket) => void (socket.data = events.opened(socket)),
      data: (socket, chunk) => socket.data.data(chunk),
      drain: (socket) => socket.data.drained(),
      end: (socket) => socket.data.ended(),
      close: (socket) => {
        socket.data.closed()
        events.closed(socket.data)
      },
      error(socket, error) {
        events.failed(error)
        socket.terminate()
      },
    },
  })
  return {
    address: { host: listener.hostname, port: listener.port },
    stop: () => listener.stop(),
  }
}
