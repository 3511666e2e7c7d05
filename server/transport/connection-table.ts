import type { Logger } from "pino"
import type { Environment, Timer } from "../environment.ts"
import type { Drain } from "../drain.ts"
import type { ClientSocket } from "../net/listen.ts"
import { Connection } from "./connection.ts"
import type { ConnectionParts } from "./connection-parts.ts"
import type { NewDialect } from "./dialect.ts"
import { CloseReason, ConnectionCounts } from "./connection-counts.ts"
import { ConnectionLog } from "./connection-log.ts"
import { RefusedClient } from "./refused-client.ts"

/** Deadlines of clients are looked at so often, and may be late by as much. */
const TICK_MS = 1_000
/** When the node stops: a connection on which nothing has come for so long is ended. */
const QUIET_MS = 200
/** Of the time that a drain may take: what is kept for the last answers, and for clients to read them. */
const ANSWER_MS = 3_000
/** After our FIN: time for clients to read their last answers and close. */
const LINGER_MS = 1_000

export interface ConnectionLimits {
  /** How many clients are served at a time. */
  readonly maxConnections: number
  /** How many connections from other nodes are served besides. */
  readonly maxPeerConnections: number
  /** How many more are answered OVERLOADED at a time, on each port; those above are closed at once. */
  readonly maxRefused: number
  /** How long the first byte, or the end of a request, may be awaited. */
  readonly readTimeoutMs: number
  /** How long a client may read none of its answers. */
  readonly writeTimeoutMs: number
  /** How long a client may send no request; 0: as long as it likes. */
  readonly idleTimeoutMs: number
}

interface ConnectionTableOptions {
  readonly limits: ConnectionLimits
  readonly parts: ConnectionParts
  readonly environment: Environment
  readonly log: Logger
}

/** What hears of a client. */
export type Client = Connection | RefusedClient

/**
 * All clients of a node, whichever port they came by: how many there may be, and which of them are
 * closed because they send too little for too long. One timer serves all of them.
 */
export class ConnectionTable {
  readonly counts: ConnectionCounts = new ConnectionCounts()
  readonly #options: ConnectionTableOptions
  readonly #connectionLog: ConnectionLog
  readonly #tellsClients: boolean
  readonly #sockets = new Map<Connection, ClientSocket>()
  /** Those that are about to be closed, and are counted. */
  readonly #overdue = new Set<Connection>()
  readonly #refused = new Map<RefusedClient, ClientSocket>()
  /** Set while there is any client. */
  #timer: Timer | undefined
  #allClosed: (() => void) | undefined
  /** Each port that stops closes the table. */
  #closing: Promise<void> | undefined

  constructor(options: ConnectionTableOptions) {
    this.#options = options
    const { limits, log } = options
    this.#tellsClients = log.isLevelEnabled("debug")
    this.#connectionLog = new ConnectionLog(this.counts, limits.maxConnections, log)
    options.parts.held.overflowed = () => this.#closeLargest()
  }

  /** A client has connected. @returns what serves or refuses it; undefined: it is to be closed at once */
  admit(socket: ClientSocket, newDialect: NewDialect): Client | undefined {
    const { limits, parts } = this.#options
    if (this.#sockets.size < limits.maxConnections) return this.#serve(socket, newDialect)
    if (this.#refusedOf(newDialect) >= limits.maxRefused) {
      this.counts.refused++
      return undefined
    }
    const refused: RefusedClient = new RefusedClient(socket, parts, newDialect, () => {
      return this.#admitPeer(socket, newDialect, refused)
    })
    this.#refused.set(refused, socket)
    return refused
  }

  /** A client was closed before it could be admitted, since descriptors are short. */
  turnedAway(): void {
    this.counts.turnedAway++
    this.#watch()
  }

  /** Clients were closed before they could be admitted, since their handshakes of TLS failed. */
  handshakesFailed(count: number, reason: string): void {
    this.counts.handshakesFailed += count
    this.#connectionLog.handshakeFault = reason
    this.#watch()
  }

  /** The socket of a client is closed. */
  forget(client: Client): void {
    const connection = client instanceof RefusedClient ? client.admitted : client
    if (client instanceof RefusedClient && this.#refused.delete(client)) this.counts.refused++
    if (connection === undefined) return
    const socket = this.#sockets.get(connection)
    this.#sockets.delete(connection)
    if (!this.#overdue.delete(connection)) this.counts.ended++
    if (this.#tellsClients) this.#tell("client-closed", socket, "is gone")
    this.counts.open = this.#sockets.size
    if (this.counts.open === 0) this.#allClosed?.()
  }

  /**
   * Answers what has been received, refuses what comes later, ends each connection once nothing comes
   * on it, and closes all. Nobody may be admitted any more.
   */
  close(drain: Drain): Promise<void> {
    return (this.#closing ??= this.#close(drain))
  }

  async #close(drain: Drain): Promise<void> {
    this.#timer?.cancel()
    for (const socket of this.#refused.values()) socket.terminate()
    for (const connection of this.#sockets.keys()) connection.refuse()
    await this.#finishQuiet(drain)
    const answered = Array.from(this.#sockets.keys(), (connection) => connection.finish())
    await Promise.race([
      Promise.all(answered),
      this.#pause(Math.min(ANSWER_MS, drain.leftMs(LINGER_MS))),
    ])
    if (this.#sockets.size === 0) return
    const allClosed = new Promise<void>((resolve) => (this.#allClosed = resolve))
    await Promise.race([allClosed, this.#pause(LINGER_MS)])
    for (const socket of this.#sockets.values()) socket.terminate()
  }

  /** Until all are, or there is no more time to wait for the others. */
  async #finishQuiet(drain: Drain): Promise<void> {
    const busy = new Set(this.#sockets.keys())
    while (busy.size > 0 && !drain.isHurried && drain.leftMs(ANSWER_MS) > 0) {
      this.#options.parts.tick++
      await Promise.race([this.#pause(QUIET_MS), drain.hurried])
      for (const connection of busy) {
        if (this.#sockets.has(connection) && !connection.isQuiet) continue
        void connection.finish()
        busy.delete(connection)
      }
    }
  }

  #serve(socket: ClientSocket, newDialect: NewDialect): Connection {
    const connection = new Connection(socket, this.#options.parts, newDialect)
    this.#sockets.set(connection, socket)
    if (this.#tellsClients) this.#tell("client-connected", socket, "is served")
    this.counts.accepted++
    this.counts.open = this.#sockets.size
    this.#watch()
    return connection
  }

  /** How many clients are being refused that came by the same port. */
  #refusedOf(newDialect: NewDialect): number {
    let count = 0
    for (const client of this.#refused.keys()) if (client.newDialect === newDialect) count++
    return count
  }

  #admitPeer(
    socket: ClientSocket,
    newDialect: NewDialect,
    refused: RefusedClient,
  ): Connection | undefined {
    const { maxConnections, maxPeerConnections } = this.#options.limits
    if (this.#sockets.size >= maxConnections + maxPeerConnections) return undefined
    this.#refused.delete(refused)
    return this.#serve(socket, newDialect)
  }

  /** At the level debug, of each client that is served. */
  #tell(event: string, socket: ClientSocket | undefined, text: string, reason?: string): void {
    const client = socket?.remoteAddress ?? "unix"
    const fields = { event, client, open: this.#sockets.size, ...(reason && { reason }) }
    this.#options.log.debug(fields, `client ${client} ${text}`)
  }

  #watch(): void {
    this.#timer ??= this.#options.environment.after(TICK_MS, () => {
      this.#timer = undefined
      this.#tick()
      if (this.#sockets.size > 0 || this.#refused.size > 0) this.#watch()
    })
  }

  #tick(): void {
    const { parts, limits } = this.#options
    const deadlines = {
      readTicks: Math.ceil(limits.readTimeoutMs / TICK_MS),
      writeTicks: Math.ceil(limits.writeTimeoutMs / TICK_MS),
      idleTicks: Math.ceil(limits.idleTimeoutMs / TICK_MS),
    }
    parts.tick++
    for (const [connection, socket] of this.#sockets) {
      const reason = connection.overdue(deadlines)
      if (reason === undefined) continue
      if (!this.#overdue.has(connection)) this.counts.closed[reason]++
      this.#overdue.add(connection)
      if (this.#tellsClients) this.#tell("client-overdue", socket, `is closed: ${reason}`, reason)
      if (reason === CloseReason.SLOW_READER || reason === CloseReason.NOT_CLOSED)
        socket.terminate()
      else socket.end()
    }
    for (const [refused, socket] of this.#refused) if (refused.isOverdue) socket.terminate()
    this.#connectionLog.write()
  }

  /** Too much is kept for all clients together. */
  #closeLargest(): void {
    for (const connection of this.#options.parts.held.victims(this.#sockets.keys())) {
      this.counts.closed[CloseReason.TOO_MUCH_PENDING]++
      this.#overdue.add(connection)
      this.#sockets.get(connection)?.terminate()
      connection.closed()
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.environment.after(delayMs, resolve)
    })
  }
}
