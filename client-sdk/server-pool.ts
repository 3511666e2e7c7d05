import { backoffMs } from "../protocol/index.ts"
import type { Call } from "./call.ts"
import { Connection } from "./connection.ts"
import type { ConnectionOptions } from "./connection-options.ts"
import type { Timer } from "./environment.ts"
import type { FirnError } from "./errors.ts"
import type { ServerState } from "./options.ts"
import type { ServerIdentity } from "./server-check.ts"
import type { ServerStats } from "./stats.ts"

/** A connection that stayed open this long starts again at the shortest backoff. */
const SOUND_AFTER_MS = 1_000

export interface ServerPoolEvents {
  /** A connection is open. @returns why this server must not be used, if so */
  checked(pool: ServerPool, identity: ServerIdentity): string | undefined
  /** A connection to it has become ready. */
  up(pool: ServerPool): void
  /** Its last connection is lost, or none could be opened. */
  down(pool: ServerPool, failure: FirnError): void
  /** A call has failed here, and may go elsewhere. */
  failed(pool: ServerPool, call: Call, failure: FirnError): void
  /** A call has failed here on a connection that is dead, and may go on at this server. */
  moved(pool: ServerPool, call: Call, failure: FirnError): void
  /** A connection is silent since something was asked on it, monotonic milliseconds. */
  silent(sinceMs: number): void
  changed(
    pool: ServerPool,
    state: ServerState,
    reason: string,
    before: ServerState | undefined,
  ): void
}

/** The connections to one server, local or routed: they are opened, lost and opened again. */
export class ServerPool {
  readonly server: string
  readonly #options: ConnectionOptions
  readonly #size: number
  readonly #events: ServerPoolEvents
  /** Those that are open or being opened. */
  #connections: Connection[] = []
  /** Those of them that take calls. */
  #ready: Connection[] = []
  #retry: Timer | undefined
  /** Attempts to connect since it last lost a connection that had stayed open for a while. */
  #attempts = 0
  #isClosed = false
  #isRef = true
  /** Why it is down; "" otherwise. */
  #reason = ""

  /** undefined before it is opened. */
  state: ServerState | undefined

  /** @param size how many connections it keeps */
  constructor(options: ConnectionOptions, size: number, events: ServerPoolEvents) {
    this.server = options.server
    this.#options = options
    this.#size = size
    this.#events = events
  }

  get inFlight(): number {
    let sum = 0
    for (const connection of this.#ready) sum += connection.inFlight
    return sum
  }

  get stats(): Omit<ServerStats, "routed"> {
    const nodes = this.#ready.flatMap(({ check }) => check.identity?.node ?? [])
    return {
      server: this.server,
      state: this.state ?? "unused",
      reason: this.#reason,
      connections: this.#ready.length,
      nodes: [...new Set(nodes)],
      inFlight: this.inFlight,
    }
  }

  /** Calls had better go elsewhere: all of its connections are late, or it is not ready. */
  get isLate(): boolean {
    for (const connection of this.#ready) if (!connection.isLate) return false
    return true
  }

  /** Begins to connect, if it has not yet. */
  open(): void {
    if (this.state !== undefined) return
    this.#change("connecting", "")
    this.#openConnections()
  }

  /** Only when up. @returns false when too much is in flight there */
  send(call: Call, nowMs: number, tryTimeoutMs: number): boolean {
    call.server = this.server
    return this.#leastBusy().send(call, nowMs, tryTimeoutMs)
  }

  /** Asks on all connections on which nothing has come since whether they still work. */
  suspect(sinceMs: number): void {
    for (const connection of this.#ready) if (connection.heardMs < sinceMs) connection.suspect()
  }

  /** Closes the connections to a node, but those to the process with this start number. */
  leaveNode(node: number, startNumber: number | undefined, reason: string): void {
    for (const connection of this.#ready) {
      const { identity } = connection.check
      if (identity?.node !== node || identity.startNumber === startNumber) continue
      connection.close(reason)
    }
  }

  /** @param isRef whether its connections keep the process alive */
  setRef(isRef: boolean): void {
    this.#isRef = isRef
    for (const connection of this.#connections) connection.setRef(isRef)
  }

  close(reason: string): void {
    this.#isClosed = true
    this.#retry?.cancel()
    for (const connection of this.#connections) connection.close(reason)
  }

  #leastBusy(): Connection {
    let least = this.#ready[0]!
    for (let i = 1; i < this.#ready.length; i++) {
      const connection = this.#ready[i]!
      const isBetter =
        connection.isLate === least.isLate
          ? connection.inFlight < least.inFlight
          : !connection.isLate
      if (isBetter) least = connection
    }
    return least
  }

  #openConnections(): void {
    while (this.#connections.length < this.#size) this.#openConnection()
  }

  #openConnection(): void {
    const connection: Connection = new Connection(this.#options, {
      checked: (identity) => this.#events.checked(this, identity),
      ready: () => this.#isReady(connection),
      failed: (call, failure) => this.#events.failed(this, call, failure),
      moved: (call, failure) => this.#events.moved(this, call, failure),
      silent: (isMissed) => this.#isSilent(connection, isMissed),
      closed: (failure, reason) => this.#lost(connection, failure, reason),
    })
    this.#connections.push(connection)
    if (!this.#isRef) connection.setRef(false)
  }

  #isReady(connection: Connection): void {
    this.#ready = [...this.#ready, connection]
    this.#change("up", "")
    this.#events.up(this)
    for (const other of this.#ready) if (other.isSilent) other.replace()
    // What was silent has spoken meanwhile.
    if (this.#ready.length > this.#size) connection.close("it is not needed")
  }

  /**
   * If another connection has heard something since, this one is dead: its calls go on there.
   * Otherwise a new one is opened to find out. What it shows is done when it is ready.
   */
  #isSilent(connection: Connection, isMissed: boolean): void {
    const { oldestMs } = connection
    this.#events.silent(oldestMs)
    if (!isMissed) return
    const isHeard = (other: Connection): boolean => other !== connection && other.heardMs > oldestMs
    if (this.#ready.some(isHeard)) connection.replace()
    else if (this.#connections.length === this.#ready.length) this.#openConnection()
  }

  #lost(connection: Connection, failure: FirnError, reason: string): void {
    this.#connections = this.#connections.filter((other) => other !== connection)
    this.#ready = this.#ready.filter((other) => other !== connection)
    if (this.#isClosed) return
    const { environment } = this.#options
    const openMs = environment.monotonicMs() - connection.readySinceMs
    if (openMs >= SOUND_AFTER_MS) this.#attempts = 0
    this.#scheduleRetry()
    if (this.#ready.length > 0) return
    // Connections that are opened together are one attempt. It fails when all of them have failed.
    if (this.state !== "up" && this.#connections.length > 0) return
    this.#change("down", reason)
    this.#events.down(this, failure)
  }

  #scheduleRetry(): void {
    if (this.#retry !== undefined) return
    const { environment } = this.#options
    const delayMs = backoffMs(this.#attempts++, environment.random())
    this.#retry = environment.afterInBackground(delayMs, () => {
      this.#retry = undefined
      this.#openConnections()
    })
  }

  #change(state: ServerState, reason: string): void {
    if (this.state === state) return
    const before = this.state
    this.state = state
    this.#reason = reason
    this.#events.changed(this, state, reason, before)
  }
}
