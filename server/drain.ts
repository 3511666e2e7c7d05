import type { Environment } from "./environment.ts"

/** Of the time that all of it may take: what is kept for the last mark, and for the process to end. */
const STORE_MS = 250

/**
 * How a node leaves. Lame duck first, as in Google's SRE book: it says that it is not ready and serves
 * on, until balancers, other nodes and clients have noticed. Then it closes, without a request lost.
 */
export class Drain {
  readonly #environment: Environment
  readonly #delayMs: number
  readonly #endMs: number
  readonly #hurried = Promise.withResolvers<void>()
  isHurried = false

  /**
   * @param delayMs how long it serves on, for half of the time at most
   * @param timeoutMs how long all of it may take
   */
  constructor(environment: Environment, delayMs: number, timeoutMs: number) {
    this.#environment = environment
    this.#delayMs = Math.min(delayMs, timeoutMs / 2)
    this.#endMs = environment.monotonicMs() + timeoutMs - STORE_MS
  }

  /** Resolves when it is to be over soon. */
  get hurried(): Promise<void> {
    return this.#hurried.promise
  }

  /** What has been received is still answered; nothing else is waited for. */
  hurry(): void {
    this.isHurried = true
    this.#hurried.resolve()
  }

  /** How much time is left of it, less what is kept for what comes after; 0 when none is. */
  leftMs(keptMs: number): number {
    return Math.max(0, this.#endMs - keptMs - this.#environment.monotonicMs())
  }

  /** Resolves when the node has served on for long enough. */
  async delay(): Promise<void> {
    if (this.#delayMs === 0 || this.isHurried) return
    const over = Promise.withResolvers<void>()
    const timer = this.#environment.after(this.#delayMs, over.resolve)
    await Promise.race([over.promise, this.hurried])
    timer.cancel()
  }
}
