import type { ListenAddress } from "../net/address.ts"

/** A kind of request, and how many of all requests are of it. */
export interface MixPart {
  readonly op: "LOCAL" | "NODE" | "RANDOM" | "KEY"
  /** The node id for NODE. */
  readonly node?: number
  /** For KEY; without it keys differ from request to request. */
  readonly key?: string
  /** Relative to those of the other parts. */
  readonly share: number
}

/** What a load puts on a server. It travels between processes as JSON. */
export interface Workload {
  /** Connections are spread over them evenly. */
  readonly servers: readonly ListenAddress[]
  /**
   * `frames` is the binary protocol and can be mixed; the others are of one kind of request. `redis` has
   * GET, INCR of keys, and blocks of more than one id by FIRN.IDS and INCRBY.
   */
  readonly protocol: "frames" | "text" | "http" | "redis"
  /** Undefined: without TLS. */
  readonly tls?: LoadTls | undefined
  readonly connections: number
  /** Requests that a connection has in flight: always in a closed loop, at most in an open one. */
  readonly depth: number
  /** Ids a request. */
  readonly count: number
  readonly mix: readonly MixPart[]
  /** Requests a second of an open loop; undefined: a closed loop. */
  readonly ratePerSecond?: number | undefined
  /** Requests that are due at the same time on a connection of an open loop. */
  readonly burst: number
}

/** PEM texts, and whether the certificate of the server is to be trusted blindly. */
export interface LoadTls {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly rejectUnauthorized?: false
}
