import { invalidArgument } from "./errors.ts"

/** Where a server listens: a TCP port, or a unix socket. */
export type ServerAddress =
  { readonly host: string; readonly port: number } | { readonly path: string }

/** The TCP port of a node, unless it was told another one. */
const DEFAULT_PORT = 6454
const UNIX = "unix:"
const SCHEME = "firn://"

/** Splits `HOST:PORT,HOST:PORT` or `firn://HOST:PORT,HOST:PORT` into its servers. */
export function splitServers(text: string): string[] {
  const list = text.startsWith(SCHEME) ? text.slice(SCHEME.length) : text
  return list.split(",").map((server) => server.trim())
}

/**
 * Reads `HOST`, `HOST:PORT` (an IPv6 host in brackets) or `unix:PATH`.
 * @throws FirnError INVALID_ARGUMENT
 */
export function parseServer(text: unknown): ServerAddress {
  if (typeof text === "string") {
    if (text.startsWith(UNIX) && text.length > UNIX.length) return { path: text.slice(UNIX.length) }
    const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/@?#]+))(?::([0-9]{1,5}))?$/.exec(text)
    const host = match?.[1] ?? match?.[2]
    const port = Number(match?.[3] ?? DEFAULT_PORT)
    if (host !== undefined && port >= 1 && port <= 65_535) return { host, port }
  }
  const shown = typeof text === "string" ? `"${text}"` : String(text)
  throw invalidArgument(
    `server ${shown} is not HOST, HOST:PORT or unix:PATH, for example "10.0.0.1:6454", "[::1]:6454" or "unix:/run/firn.sock"`,
  )
}
