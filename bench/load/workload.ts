/** A kind of request, and how many of all requests are of it. */
export interface MixPart {
  readonly op: "LOCAL" | "NODE" | "RANDOM" | "KEY"
  /** The node id for NODE; keys differ from request to request. */
  readonly target?: number
  /** Relative to those of the other parts. */
  readonly share: number
}

/** What one run of the load generator does. It travels to its process as JSON. */
export interface Workload {
  readonly host: string
  readonly port: number
  /**
   * `firn` is the binary protocol, `text` and `http` ask for an id of the node asked, `resp` is
   * Redis's, with INCR.
   */
  readonly protocol: "firn" | "text" | "http" | "resp"
  /** Whether it is spoken by TLS; whose certificate it is does not matter here. */
  readonly tls: boolean
  readonly connections: number
  /** Requests that a connection has in flight: always in a closed loop, at most in an open one. */
  readonly depth: number
  /** Ids a request. */
  readonly count: number
  readonly mix: readonly MixPart[]
  /** Not measured. */
  readonly warmUpSeconds: number
  readonly seconds: number
  /** Requests a second of an open loop; undefined: a closed loop. */
  readonly ratePerSecond: number | undefined
  /** Requests that are due at the same time on a connection of an open loop. */
  readonly burst: number
  /** The process whose CPU time is measured along. */
  readonly serverPid: number | undefined
}

/** Microseconds. */
export interface Latency {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly p9999: number
  readonly max: number
}

export interface LoadReport {
  /** Requests answered a second. */
  readonly requestsPerSecond: number
  readonly latencyUs: Latency
  /** Answers that were refusals or errors. */
  readonly refused: number
  /** CPU time over wall time, 1 is one core; undefined where it cannot be read. */
  readonly serverCpu: number | undefined
  readonly loadCpu: number
  /** Resident memory of the server while all connections are open, in bytes. */
  readonly serverBytes: number | undefined
}
