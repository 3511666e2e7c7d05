const BAR_LENGTH = 30
const REDRAW_MS = 100

/** A bar on a terminal; nothing where nobody looks. */
export class Progress {
  readonly #total: number
  readonly #startedMs = performance.now()
  readonly #isShown = process.stderr.isTTY
  #done = 0
  #events = 0
  #drawnMs = -Infinity

  constructor(total: number) {
    this.#total = total
  }

  /** One more is done. It took this many events. */
  add(events: number): void {
    this.#done++
    this.#events += events
    const nowMs = performance.now()
    if (!this.#isShown || nowMs - this.#drawnMs < REDRAW_MS) return
    this.#drawnMs = nowMs
    process.stderr.write(`\r${this.#line(nowMs)}\u001b[K`)
  }

  end(): void {
    if (this.#isShown) process.stderr.write("\r\u001b[K")
  }

  #line(nowMs: number): string {
    const seconds = (nowMs - this.#startedMs) / 1_000
    const share = this.#done / this.#total
    const bar = "#".repeat(Math.floor(share * BAR_LENGTH)).padEnd(BAR_LENGTH, "-")
    const rate = Math.round(this.#events / seconds).toLocaleString("en")
    const leftSeconds = Math.ceil(seconds / share - seconds)
    return `[${bar}] ${this.#done}/${this.#total} seeds  ${rate} events/s  ${leftSeconds} s left`
  }
}
