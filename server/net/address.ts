import { InputError } from "../../protocol/index.ts"
import { ServerError } from "../errors.ts"

export const PORT_MAX = 65_535

/** What the kernel takes for the path of a unix socket, in bytes. */
const UNIX_PATH_MAX = 107
const UNIX = "unix:"

/** A TCP address. An IPv6 host is kept without its brackets. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** A unix socket, by its path. */
export interface UnixAddress {
  readonly path: string
}

/** A TCP address where several processes listen; the system spreads the clients over them. */
export interface SharedAddress extends Address {
  readonly isShared: true
}

/** Where a node can listen. */
export type ListenAddress = Address | SharedAddress | UnixAddress

/** @throws InputError when the text is not HOST:PORT; an IPv6 host stands in brackets */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):([0-9]{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port > PORT_MAX) {
    throw new InputError(`"${text}" is not HOST:PORT, for example 127.0.0.1:6454 or [::1]:6454`)
  }
  return { host, port }
}

/** @throws InputError when the text is not HOST:PORT with a port of its own, or this is not Linux */
export function parseSharedAddress(text: string): SharedAddress {
  const address = parseAddress(text)
  if (process.platform !== "linux") {
    throw new InputError("only Linux spreads the clients of an address over several processes")
  }
  if (address.port === 0) throw new InputError("nodes that share an address need its port")
  return { ...address, isShared: true }
}

/** @throws InputError when the text is neither HOST:PORT nor unix:PATH */
export function parseListenAddress(text: string): ListenAddress {
  if (!text.startsWith(UNIX)) return parseAddress(text)
  const path = text.slice(UNIX.length)
  const length = Buffer.byteLength(path)
  if (length >= 1 && length <= UNIX_PATH_MAX && !path.includes("\0")) return { path }
  throw new InputError(
    `"${text}" is not unix:PATH with a path of 1 to ${UNIX_PATH_MAX} bytes, for example unix:/run/firn.sock`,
  )
}

export function addressText(address: ListenAddress): string {
  if ("path" in address) return `${UNIX}${address.path}`
  const { host, port } = address
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`
}

/** Whether only this machine can reach it. */
export function isLocal(address: ListenAddress): boolean {
  return "path" in address || /^(127\.|::1$|localhost$|::ffff:127\.)/i.test(address.host)
}

const REASONS = new Map([
  ["EADDRINUSE", "it is in use by another process"],
  ["EADDRNOTAVAIL", "this machine does not have that address"],
  ["EACCES", "this user may not listen there"],
  ["ENOENT", "there is no such directory"],
])

/** An address could not be listened on: one sentence for an operator. */
export class ListenError extends ServerError {
  override readonly name = "ListenError"

  constructor(what: string, address: ListenAddress, cause: unknown) {
    const { code, message } = cause as NodeJS.ErrnoException
    const why = REASONS.get(code ?? "") ?? (code === undefined ? message : `${message} (${code})`)
    super(`cannot listen for ${what} on ${addressText(address)}: ${why}`, { cause })
  }
}
