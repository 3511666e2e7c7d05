import type { Address } from "./address.ts"
import { keepAlive } from "./keep-alive.ts"

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

/** Opens a connection, and tells by events what becomes of it. */
export type Dial = (address: Address, events: PeerSocketEvents) => void

export const dialTcp: Dial = (address, events) => {
  Bun.connect({
    hostname: address.host,
    port: address.port,
    socket: {
      open: (socket) => {
        keepAlive(socket, KEEP_ALIVE_MS)
        events.opened(socket)
      },
      data: (_, chunk) => events.data(chunk),
      drain: () => events.drained(),
      close: () => events.closed("it closed the connection"),
      end: () => events.closed("it closed the connection"),
      error: (socket, error) => {
        events.closed(error.message)
        socket.terminate()
      },
    },
  }).catch((error: NodeJS.ErrnoException) => {
    events.closed(error.code === "ECONNREFUSED" ? "nothing listens there" : error.message)
  })
}
