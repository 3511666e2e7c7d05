import type { Logger } from "pino"
import { CloseReason } from "./connection-counts.ts"
import type { ConnectionCounts } from "./connection-counts.ts"

/** What such a client did. */
const CONDUCT: Readonly<Record<CloseReason, string>> = {
  [CloseReason.NO_FIRST_BYTE]: "sent nothing",
  [CloseReason.UNFINISHED_REQUEST]: "did not finish a request",
  [CloseReason.IDLE]: "idle",
  [CloseReason.SLOW_READER]: "did not read",
  [CloseReason.TOO_MUCH_PENDING]: "had too much pending",
  [CloseReason.NOT_CLOSED]: "did not close",
}
const REASONS = Object.values(CloseReason)

/** Tells of clients that were refused or closed: one line of a kind for all of a tick. */
export class ConnectionLog {
  readonly #counts: ConnectionCounts
  readonly #maxConnections: number
  readonly #log: Logger
  #refused = 0
  #turnedAway = 0
  #handshakesFailed = 0
  /** Why the last handshake failed. */
  handshakeFault = ""
  readonly #closed: Record<CloseReason, number>

  constructor(counts: ConnectionCounts, maxConnections: number, log: Logger) {
    this.#counts = counts
    this.#maxConnections = maxConnections
    this.#log = log
    this.#closed = { ...counts.closed }
  }

  /** To be called each tick. */
  write(): void {
    this.#writeRefused()
    this.#writeTurnedAway()
    this.#writeHandshakesFailed()
    this.#writeClosed()
  }

  #writeRefused(): void {
    const refused = this.#counts.refused - this.#refused
    if (refused === 0) return
    this.#refused += refused
    const { open } = this.#counts
    const message = `clients refused: ${refused}; --max-connections is ${this.#maxConnections}`
    this.#log.warn({ event: "clients-refused", refused, open }, message)
  }

  #writeTurnedAway(): void {
    const turnedAway = this.#counts.turnedAway - this.#turnedAway
    if (turnedAway === 0) return
    this.#turnedAway += turnedAway
    const { open } = this.#counts
    const message = `clients closed at once: ${turnedAway}; the limit of open files is near`
    this.#log.warn({ event: "clients-turned-away", turnedAway, open }, message)
  }

  #writeHandshakesFailed(): void {
    const failed = this.#counts.handshakesFailed - this.#handshakesFailed
    if (failed === 0) return
    this.#handshakesFailed += failed
    const reason = this.handshakeFault
    const message = `TLS handshakes failed: ${failed}; of the last client: ${reason}`
    this.#log.warn({ event: "handshakes-failed", failed, reason }, message)
  }

  #writeClosed(): void {
    const parts: string[] = []
    for (const reason of REASONS) {
      const closed = this.#counts.closed[reason] - this.#closed[reason]
      if (closed > 0) parts.push(`${closed} ${CONDUCT[reason]}`)
      this.#closed[reason] += closed
    }
    if (parts.length === 0) return
    this.#log.info({ event: "clients-closed" }, `clients closed: ${parts.join(", ")}`)
  }
}
