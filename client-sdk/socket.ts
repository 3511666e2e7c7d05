import { connect as connectTcp, isIP } from "node:net"
import type { Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import type { ConnectionOptions } from "node:tls"
import type { TlsOptions } from "./options.ts"
import type { ServerAddress } from "./server-address.ts"

/** After this long without a byte the system probes whether the other end is still there. */
const KEEP_ALIVE_MS = 15_000

/** A socket that is being opened or open, as far as a connection needs it. */
export interface ClientSocket {
  /** Takes all of it. @returns false when it should be given no more before `drained` */
  write(bytes: Uint8Array): boolean
  /** Closes at once; no event follows. */
  destroy(): void
}

interface SocketEvents {
  /** It can be written to; of TLS, when the server's certificate has been accepted. */
  opened(): void
  data(chunk: Uint8Array): void
  drained(): void
  /** It could not be opened, or was lost. Called once. */
  closed(reason: string, cause: unknown): void
}

/** Opens a socket. Events tell what becomes of it; none comes before `dial` returns. */
export type Dial = (
  address: ServerAddress,
  tls: TlsOptions | undefined,
  events: SocketEvents,
) => ClientSocket

/** By `node:net` and `node:tls`. A name with several addresses: each is tried until one answers. */
export const dialSocket: Dial = (address, tls, events) => {
  const socket = openSocket(address, tls)
  let isLost = false
  const lost = (reason: string, cause: unknown): void => {
    if (isLost) return
    isLost = true
    socket.destroy()
    events.closed(reason, cause)
  }
  socket.setNoDelay(true)
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  socket.on(tls === undefined ? "connect" : "secureConnect", () => events.opened())
  socket.on("data", (chunk: Uint8Array) => events.data(chunk))
  socket.on("drain", () => events.drained())
  socket.on("error", (error: NodeJS.ErrnoException) => lost(reasonOf(error), error))
  socket.on("end", () => lost("it closed the connection", undefined))
  socket.on("close", () => lost("it closed the connection", undefined))
  return {
    write: (bytes) => socket.write(bytes),
    destroy() {
      isLost = true
      socket.destroy()
    },
  }
}

function openSocket(address: ServerAddress, tls: TlsOptions | undefined): Socket {
  const target = "path" in address ? address : { ...address, autoSelectFamily: true }
  if (tls === undefined) return connectTcp(target)
  const isName = "host" in address && isIP(address.host) === 0
  const name = isName ? { servername: address.host } : {}
  return connectTls({ ...target, ...name, ...tls } as ConnectionOptions)
}

const REASONS = new Map([
  ["ECONNREFUSED", "nothing listens there"],
  ["ENOENT", "there is no such socket"],
  ["ENOTFOUND", "the name is not known"],
  ["ECONNRESET", "it reset the connection"],
  ["EPIPE", "it closed the connection"],
  ["ETIMEDOUT", "it does not answer"],
])

/** If a name has several addresses, the error holds one for each. The last of them is told. */
function reasonOf(error: NodeJS.ErrnoException): string {
  const errors = error instanceof AggregateError ? (error.errors as NodeJS.ErrnoException[]) : []
  const { code, message } = errors.at(-1) ?? error
  return REASONS.get(code ?? "") ?? message
}
