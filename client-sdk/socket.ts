import { connect as connectTcp, isIP } from "node:net"
import type { Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import type { ConnectionOptions } from "node:tls"
import { Race } from "./happy-eyeballs.ts"
import { addressesOf } from "./lookup.ts"
import type { TlsOptions } from "./options.ts"
import type { ServerAddress } from "./server-address.ts"

/** After this long without a byte the system probes whether the other end is still there. */
const KEEP_ALIVE_MS = 15_000

/** A socket that is being opened or open, as far as a connection needs it. */
export interface ClientSocket {
  /** Takes all of it. @returns false when it should be given no more before `drained` */
  write(bytes: Uint8Array): boolean
  /** Whether it keeps the process alive; it does unless told otherwise. */
  setRef(isRef: boolean): void
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

/** By `node:net` and `node:tls`. A name with several addresses: the first that answers is taken. */
export const dialSocket: Dial = (address, tls, events) => {
  let socket: Socket | undefined
  let race: Race | undefined
  let isLost = false
  let isRef = true
  const destroy = (): void => {
    isLost = true
    race?.stop()
    socket?.destroy()
  }
  const lost = (reason: string, cause: unknown): void => {
    if (isLost) return
    destroy()
    events.closed(reason, cause)
  }
  const listen = (opened: Socket): void => {
    socket = opened
    if (!isRef) opened.unref()
    opened.on("data", (chunk: Uint8Array) => events.data(chunk))
    opened.on("drain", () => events.drained())
    opened.on("error", (error: NodeJS.ErrnoException) => lost(reasonOf(error), error))
    opened.on("end", () => lost("it closed the connection", undefined))
    opened.on("close", () => lost("it closed the connection", undefined))
  }
  const isReady = (): void => events.opened()
  if ("host" in address && isIP(address.host) === 0) {
    const { host, port } = address
    const open = (ip: string): Socket => {
      const attempt = openSocket({ host: ip, port }, host, tls)
      return isRef ? attempt : attempt.unref()
    }
    race = new Race(addressesOf(host), open, {
      won(opened) {
        listen(opened)
        if (tls === undefined) isReady()
        else opened.on("secureConnect", isReady)
      },
      lost: (error) => lost(reasonOf(error), error),
    })
  } else {
    const opened = openSocket(address, undefined, tls)
    listen(opened)
    opened.on(tls === undefined ? "connect" : "secureConnect", isReady)
  }
  const setRef = (value: boolean): void => {
    isRef = value
    if (value) socket?.ref()
    else socket?.unref()
  }
  return { write: (bytes) => socket!.write(bytes), setRef, destroy }
}

/** @param name for which a certificate has to be, if it is none of the address */
function openSocket(
  address: ServerAddress,
  name: string | undefined,
  tls: TlsOptions | undefined,
): Socket {
  const socket =
    tls === undefined
      ? connectTcp(address)
      : connectTls({ ...address, ...(name && { servername: name }), ...tls } as ConnectionOptions)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  return socket
}

const REASONS = new Map([
  ["ECONNREFUSED", "nothing listens there"],
  ["ENOENT", "there is no such socket"],
  ["ENOTFOUND", "the name is not known"],
  ["EAI_AGAIN", "the name server does not answer"],
  ["ECONNRESET", "it reset the connection"],
  ["EPIPE", "it closed the connection"],
  ["ETIMEDOUT", "it does not answer"],
])

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  return REASONS.get(code ?? "") ?? message
}
