import type { Figure } from "./figures.ts"
import { figureLine } from "./report.ts"

const MINUTE_SECONDS = 60

/** Tells on standard error how far the bench is: a line for each figure, the step below it. */
export class Progress {
  readonly #start = performance.now()
  readonly #suites: number
  readonly #isTerminal = process.stderr.isTTY
  #suitesBegun = 0
  #where = ""

  /** @param suites how many there will be */
  constructor(suites: number) {
    this.#suites = suites
  }

  suite(name: string): void {
    this.#suitesBegun++
    this.#where = `[${this.#suitesBegun}/${this.#suites} ${name}]`
    this.#line(`${this.#clock()} ${this.#where}`)
  }

  /** What is being measured now; shown on terminals only, where it gives way to the next. */
  step(text: string): void {
    if (this.#isTerminal) process.stderr.write(`\r\x1b[K${this.#clock()} ${this.#where} ${text}`)
  }

  figure(figure: Figure): void {
    this.#line(`${this.#clock()}   ${figureLine(figure)}`)
  }

  note(text: string): void {
    this.#line(`${this.#clock()}   ${text}`)
  }

  #line(text: string): void {
    process.stderr.write(`${this.#isTerminal ? "\r\x1b[K" : ""}${text}\n`)
  }

  #clock(): string {
    const seconds = Math.floor((performance.now() - this.#start) / 1_000)
    const rest = String(seconds % MINUTE_SECONDS).padStart(2, "0")
    return `${Math.floor(seconds / MINUTE_SECONDS)}:${rest}`
  }
}
