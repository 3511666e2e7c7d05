import type { ListenAddress } from "./address.ts"
import type { Sink } from "./outbound.ts"

/** The socket of a client, as far as a connection needs it. */
export interface ClientSocket extends Sink {
  /** Of a client of TCP. */
  readonly remoteAddress?: string
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
export interface ClientEvents {
  data(chunk: Uint8Array): void
  drained(): void
  /** It will send no more. */
  ended(): void
  /** The socket is closed both ways, whoever closed it. */
  closed(): void
}

export interface ListenEvents<Client extends ClientEvents> {
  /**
   * A client has connected.
   * @returns what hears of it from now on; undefined: it is closed at once
   */
  opened(socket: ClientSocket): Client | undefined
  /** The socket of a client is closed. Called after the client's own `closed`. */
  closed(client: Client): void
  /** A socket failed, and is closed for that. */
  failed(error: Error): void
  /** A client was closed at once, so that a descriptor stays free for what is not a client. */
  turnedAway(): void
  /** Clients were closed that did not get through the handshake of TLS; why, of the last of them. */
  handshakesFailed(count: number, reason: string): void
  /** No more clients are accepted, for a reason that is not their number. Tried again each second. */
  paused(reason: string): void
  /** Clients are accepted again. */
  resumed(): void
}

export interface Listener {
  readonly address: ListenAddress
  /** Accepts no more; what is open stays open. */
  stop(): void
}

/**
 * Listens on an address, and tells by events what clients do.
 * @throws Error when the address cannot be listened on
 */
export type Listen = <Client extends ClientEvents>(
  address: ListenAddress,
  events: ListenEvents<Client>,
  /** Whether its clients may have the descriptors that are kept for them. */
  hasReserve: boolean,
) => Listener
