import { createSecureContext } from "node:tls"
import type { SecureContextOptions } from "node:tls"
import { invalidArgument } from "./errors.ts"
import { parseServer, splitServers } from "./server-address.ts"
import type { ServerAddress } from "./server-address.ts"

/** What `FirnClient` is made with. Only `servers` is needed. */
export interface FirnClientOptions {
  /**
   * Where the nodes listen for TCP: `HOST` or `HOST:PORT` (a DNS name or an address, IPv6 in
   * brackets; port 6454 if there is none) or `unix:PATH`. A list, or one text with commas between
   * them, also as `firn://HOST:PORT,HOST:PORT`. 1 to 1024; a client keeps a connection to each.
   */
  readonly servers: string | readonly string[]
  /** Connections to each server, and as many more for routed calls. 1 to 64, default 1. */
  readonly connectionsPerServer?: number
  /** How long a connection may take to be ready, in ms. 10 to 60,000, default 2,000. */
  readonly connectTimeoutMs?: number
  /** How long a call may take in all, its tries included, in ms. 1 to 600,000, default 5,000. */
  readonly requestTimeoutMs?: number
  /** How many requests may wait for an answer; more fail with OVERLOADED. 1 to 65,536 (default). */
  readonly inFlightMax?: number
  /** TLS to every server: `true` for the system's certificate authorities. Default: plain TCP. */
  readonly tls?: boolean | TlsOptions
  /** Keeps ids at hand. `true` for its defaults. Default: every id is asked for. */
  readonly prefetch?: boolean | PrefetchOptions
  readonly retry?: RetryOptions
  /**
   * Is told when a server comes or goes. What it throws becomes an uncaught exception: so it is
   * seen, and does not get in the way of the client.
   */
  readonly onStateChange?: (change: ServerStateChange) => void
}

/** What `node:tls` needs for a connection; PEM texts or their bytes. */
export interface TlsOptions {
  /** The authorities to trust in place of the system's. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[]
  /** This client's certificate chain and its key, where the server asks for them. */
  readonly cert?: string | Uint8Array
  readonly key?: string | Uint8Array
  readonly passphrase?: string
  /** The name the certificate has to be for. Default: the host of the server's address. */
  readonly servername?: string
}

export interface PrefetchOptions {
  /** How many ids are kept at hand. `idSync` keeps more when it has run out. 1 to 65,536, default 4,096. */
  readonly size?: number
  /** Ids asked for this long ago are thrown away, in ms. 1 to 3,600,000, default 1,000. */
  readonly ttlMs?: number
}

export interface RetryOptions {
  /** How many times a call is tried in all. 1 (no retry) to 100, default 5. */
  readonly triesMax?: number
  /**
   * How long a server may take before another one is asked, in ms. 1 to 600,000, default 1,500. The
   * last server that is left is asked once more on a new connection, if nothing at all has come on
   * the old one meanwhile. After a pause a server is asked PING, and has a third of this time for it.
   * A connection whose oldest request has waited twice as long is given up. This has to be above the
   * nodes' `--wait-timeout`, and for routed calls above their `--forward-timeout`.
   */
  readonly tryTimeoutMs?: number
}

export type ServerState = "connecting" | "up" | "down"

export interface ServerStateChange {
  /** As it stands in the list. */
  readonly server: string
  /** Whether these are the connections for routed calls. */
  readonly routed: boolean
  readonly state: ServerState
  /** Why it is down; "" otherwise. */
  readonly reason: string
}

/** The options of a client, checked and with all defaults. */
export interface Settings {
  readonly servers: readonly { readonly name: string; readonly address: ServerAddress }[]
  readonly connectionsPerServer: number
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly inFlightMax: number
  readonly tls: TlsOptions | undefined
  readonly prefetch: Required<PrefetchOptions> | undefined
  readonly triesMax: number
  readonly tryTimeoutMs: number
  readonly onStateChange: ((change: ServerStateChange) => void) | undefined
}

/** The most ids that are kept at hand. */
export const PREFETCH_SIZE_MAX = 65_536

const SERVERS_MAX = 1024
const MS_MAX = 600_000

/** @throws FirnError INVALID_ARGUMENT that names the option and what is right */
export function resolveOptions(options: FirnClientOptions): Settings {
  checkObject("options", options, [
    "servers",
    "connectionsPerServer",
    "connectTimeoutMs",
    "requestTimeoutMs",
    "inFlightMax",
    "tls",
    "prefetch",
    "retry",
    "onStateChange",
  ])
  const { retry = {}, onStateChange } = options
  checkObject("retry", retry, ["triesMax", "tryTimeoutMs"])
  if (onStateChange !== undefined && typeof onStateChange !== "function") {
    throw invalidArgument("onStateChange has to be a function")
  }
  return {
    servers: resolveServers(options.servers),
    connectionsPerServer: wholeNumber(
      "connectionsPerServer",
      options.connectionsPerServer,
      1,
      1,
      64,
    ),
    connectTimeoutMs: wholeNumber("connectTimeoutMs", options.connectTimeoutMs, 2_000, 10, 60_000),
    requestTimeoutMs: callTimeout("requestTimeoutMs", options.requestTimeoutMs, 5_000),
    inFlightMax: wholeNumber("inFlightMax", options.inFlightMax, 65_536, 1, 65_536),
    tls: resolveTls(options.tls),
    prefetch: resolvePrefetch(options.prefetch),
    triesMax: wholeNumber("retry.triesMax", retry.triesMax, 5, 1, 100),
    tryTimeoutMs: callTimeout("retry.tryTimeoutMs", retry.tryTimeoutMs, 1_500),
    onStateChange,
  }
}

/** @returns the default when there is no value @throws FirnError INVALID_ARGUMENT */
export function callTimeout(name: string, value: unknown, byDefault: number): number {
  return wholeNumber(name, value, byDefault, 1, MS_MAX)
}

/** @returns the default when there is no value @throws FirnError INVALID_ARGUMENT */
export function wholeNumber(
  name: string,
  value: unknown,
  byDefault: number,
  min: number,
  max: number,
): number {
  return value === undefined ? byDefault : requiredWholeNumber(name, value, min, max)
}

/** @throws FirnError INVALID_ARGUMENT */
export function requiredWholeNumber(
  name: string,
  value: unknown,
  min: number,
  max: number,
): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) {
    return value as number
  }
  throw invalidArgument(`${name} is ${shown(value)}, not a whole number from ${min} to ${max}`)
}

/** @throws FirnError INVALID_ARGUMENT when it is no object or has a property that is not known */
export function checkObject(name: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalidArgument(`${name} has to be an object with ${known.join(", ")}`)
  }
  for (const property in value) {
    if (known.includes(property)) continue
    throw invalidArgument(`${name} has no property ${property}; there are ${known.join(", ")}`)
  }
}

/** A value as it reads best in an error. */
export function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value)
}

function resolveServers(given: unknown): Settings["servers"] {
  const names: unknown = typeof given === "string" ? splitServers(given) : given
  if (!Array.isArray(names) || names.length < 1 || names.length > SERVERS_MAX) {
    throw invalidArgument(
      `servers has to be a list of 1 to ${SERVERS_MAX} addresses, or a text with commas between them`,
    )
  }
  const servers = names.map((name: string) => ({ name, address: parseServer(name) }))
  const addresses = new Set(servers.map(({ address }) => JSON.stringify(address)))
  if (addresses.size < servers.length) throw invalidArgument("servers has one address twice")
  return servers
}

function resolveTls(tls: boolean | TlsOptions | undefined): TlsOptions | undefined {
  if (tls === undefined || tls === false) return undefined
  if (tls === true) return {}
  checkObject("tls", tls, ["ca", "cert", "key", "passphrase", "servername"])
  for (const name of ["servername", "passphrase"] as const) {
    if (tls[name] === undefined || typeof tls[name] === "string") continue
    throw invalidArgument(`tls.${name} is ${shown(tls[name])}, not a string`)
  }
  try {
    // A certificate or key that cannot be read would throw whenever a connection is opened.
    createSecureContext(tls as SecureContextOptions)
  } catch (error) {
    throw invalidArgument(`tls: ${(error as Error).message}`)
  }
  return tls
}

function resolvePrefetch(
  prefetch: boolean | PrefetchOptions | undefined,
): Required<PrefetchOptions> | undefined {
  if (prefetch === undefined || prefetch === false) return undefined
  const { size, ttlMs } = prefetch === true ? {} : prefetch
  if (prefetch !== true) checkObject("prefetch", prefetch, ["size", "ttlMs"])
  return {
    size: wholeNumber("prefetch.size", size, 4_096, 1, PREFETCH_SIZE_MAX),
    ttlMs: wholeNumber("prefetch.ttlMs", ttlMs, 1_000, 1, 3_600_000),
  }
}
