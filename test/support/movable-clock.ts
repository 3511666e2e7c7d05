import { renameSync, writeFileSync } from "node:fs"
import { faketimeLibrary } from "./tools.ts"

/** The wall clock of processes, moved by libfaketime; their monotonic clock runs on. */
export class MovableClock {
  readonly #file: string
  #offsetMs = 0
  #frozenMs: number | undefined

  /**
   * Shows the real time until it is moved.
   * @param file a path of its own, that libfaketime reads whenever the clock is read
   */
  constructor(file: string) {
    this.#file = file
    this.step(0)
  }

  /** What makes a process live by this clock. */
  get env(): Record<string, string> {
    return {
      LD_PRELOAD: faketimeLibrary() ?? "",
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      // A time to freeze at is read in the time zone of the process.
      TZ: "UTC",
    }
  }

  /** Moves the clock, at once and in one go. It runs on from there. */
  step(byMs: number): void {
    this.#offsetMs += byMs
    this.#frozenMs = undefined
    const seconds = (Math.abs(this.#offsetMs) / 1_000).toFixed(3)
    this.#write(`${this.#offsetMs < 0 ? "-" : "+"}${seconds}`)
  }

  /** Moves the clock to a time, Unix milliseconds. It runs on from there. */
  set(unixMs: number): void {
    this.#frozenMs = undefined
    this.step(unixMs - this.nowMs)
  }

  /** Stops the clock at a time, Unix milliseconds. */
  freeze(unixMs: number): void {
    this.#frozenMs = unixMs
    this.#write(new Date(unixMs).toISOString().replace("T", " ").replace("Z", ""))
  }

  get nowMs(): number {
    return this.#frozenMs ?? Date.now() + this.#offsetMs
  }

  #write(time: string): void {
    writeFileSync(`${this.#file}.new`, `${time}\n`)
    renameSync(`${this.#file}.new`, this.#file)
  }
}
