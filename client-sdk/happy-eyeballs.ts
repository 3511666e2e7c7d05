import type { Socket } from "node:net"
import { clearTimeout, setTimeout } from "./timers.ts"

/** "Connection Attempt Delay" of RFC 8305, section 5. */
const ATTEMPT_DELAY_MS = 250

export interface RaceEvents {
  /** A socket is connected; the others are gone. */
  won(socket: Socket): void
  /** No address of the name could be connected to, or it has none. */
  lost(error: Error): void
}

/**
 * Connects to a name, by the first of its addresses that answers (RFC 8305, "Happy Eyeballs"): each
 * is tried 250 ms after the one before, or as soon as that has failed. None is given up for being
 * slow, as `autoSelectFamily` of `node:net` does after 250 ms.
 */
export class Race {
  readonly #open: (address: string) => Socket
  readonly #events: RaceEvents
  readonly #attempts = new Set<Socket>()
  #left: string[] = []
  #next: NodeJS.Timeout | undefined
  #isOver = false

  /**
   * @param addresses of the name
   * @param open begins to connect to one of them
   */
  constructor(
    addresses: Promise<readonly string[]>,
    open: (address: string) => Socket,
    events: RaceEvents,
  ) {
    this.#open = open
    this.#events = events
    void this.#begin(addresses)
  }

  /** Ends all attempts; no event follows. */
  stop(): void {
    this.#isOver = true
    clearTimeout(this.#next)
    for (const attempt of this.#attempts) attempt.destroy()
    this.#attempts.clear()
  }

  async #begin(addresses: Promise<readonly string[]>): Promise<void> {
    try {
      this.#left = [...(await addresses)]
      if (this.#left.length === 0) throw new Error("the name has no address")
    } catch (error) {
      this.#lose(error as Error)
      return
    }
    this.#tryNext()
  }

  #tryNext(): void {
    const address = this.#left.shift()
    if (this.#isOver || address === undefined) return
    const attempt = this.#open(address)
    this.#attempts.add(attempt)
    const failed = (error: Error): void => {
      if (!this.#attempts.delete(attempt) || this.#isOver) return
      clearTimeout(this.#next)
      if (this.#left.length > 0) this.#tryNext()
      else if (this.#attempts.size === 0) this.#lose(error)
    }
    attempt.once("connect", () => {
      if (this.#isOver) return
      attempt.removeListener("error", failed)
      this.#attempts.delete(attempt)
      this.stop()
      this.#events.won(attempt)
    })
    attempt.once("error", failed)
    this.#next = setTimeout(() => this.#tryNext(), ATTEMPT_DELAY_MS)
  }

  #lose(error: Error): void {
    if (this.#isOver) return
    this.stop()
    this.#events.lost(error)
  }
}
