import type { Environment } from "../environment.ts"

/**
 * So many are begun in a turn of the event loop: each takes about 0.3 ms with a key on P-256, three
 * times as much with one of RSA, and whoever is connected waits as long.
 */
const BEGUN_PER_TURN = 4

/** The part of a socket that a handshake holds back. */
export interface Pausable {
  pause(): void
  resume(): void
  terminate(): void
}

/**
 * Clients that are connected by TLS and have not finished their handshake. Until then nobody knows
 * who they are: they are no clients of the node yet, and have a deadline.
 */
export class Handshakes {
  readonly #environment: Environment
  readonly #timeoutMs: number
  /** When each was accepted, monotonic; the oldest first. */
  readonly #since = new Map<Pausable, number>()
  /** Those of them that are not read from yet. */
  readonly #waiting = new Set<Pausable>()
  #begun = 0

  constructor(environment: Environment, timeoutMs: number) {
    this.#environment = environment
    this.#timeoutMs = timeoutMs
  }

  /** A client was accepted. */
  begin(socket: Pausable): void {
    this.#since.set(socket, this.#environment.monotonicMs())
    if (this.#begun === 0) this.#environment.soon(this.#nextTurn)
    if (this.#begun < BEGUN_PER_TURN) this.#begun++
    else {
      socket.pause()
      this.#waiting.add(socket)
    }
  }

  /** Its handshake is over, one way or the other, or it is gone. @returns whether it was not before */
  end(socket: Pausable): boolean {
    this.#waiting.delete(socket)
    return this.#since.delete(socket)
  }

  /** Closes those that have had their time. @returns how many */
  closeOverdue(): number {
    const dueMs = this.#environment.monotonicMs() - this.#timeoutMs
    let closed = 0
    for (const [socket, sinceMs] of this.#since) {
      if (sinceMs > dueMs) break
      this.#close(socket)
      closed++
    }
    return closed
  }

  closeAll(): void {
    for (const socket of this.#since.keys()) this.#close(socket)
  }

  #close(socket: Pausable): void {
    this.end(socket)
    socket.terminate()
  }

  readonly #nextTurn = (): void => {
    this.#begun = 0
    for (const socket of this.#waiting) {
      if (this.#begun === BEGUN_PER_TURN) break
      this.#begun++
      this.#waiting.delete(socket)
      socket.resume()
    }
    if (this.#begun > 0) this.#environment.soon(this.#nextTurn)
  }
}
