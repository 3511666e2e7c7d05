import type { Logger } from "pino"
import type { Environment } from "../environment.ts"
import { Histogram } from "../metrics/histogram.ts"
import type { MarkStore } from "./reservation.ts"

/** Seconds: a fast disk takes less than one thousandth, and after one second a write counts as failing. */
const BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** A store of marks that counts what comes of its writes, and tells of each at the level debug. */
export class MarkWatch implements MarkStore {
  /** How long writes took, failed ones too. */
  readonly seconds: Histogram = new Histogram(BOUNDS)
  failures = 0
  readonly #store: MarkStore
  readonly #environment: Environment
  readonly #log: Logger

  constructor(store: MarkStore, environment: Environment, log: Logger) {
    this.#store = store
    this.#environment = environment
    this.#log = log
  }

  extend(mark: number, done: (error?: Error) => void): void {
    const startMs = this.#environment.monotonicMs()
    this.#store.extend(mark, (error) => {
      const tookMs = this.#environment.monotonicMs() - startMs
      this.seconds.observe(tookMs / 1_000)
      if (error !== undefined) this.failures++
      this.#tell(mark, tookMs, error)
      done(error)
    })
  }

  #tell(mark: number, tookMs: number, error: Error | undefined): void {
    const text = error === undefined ? "is stored" : "could not be stored"
    const fields = { event: "mark-written", mark, tookMs: Math.round(tookMs * 10) / 10, err: error }
    this.#log.debug(fields, `the mark ${text}`)
  }
}
