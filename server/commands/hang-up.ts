import type { Logger } from "pino"
import { isatty } from "node:tty"

/** What is read anew on SIGHUP. */
export interface Reloaded {
  /** What the event is called when it cannot be used. */
  readonly failedEvent: string
  readonly what: string
  /** @throws Error when it cannot be used; the old one stays */
  readonly reload: () => void
}

const STDOUT = 1

/**
 * SIGHUP: what is in the files is taken anew, or stays as it is when that cannot be used. Without files
 * it is what it always was, and with them as well when it is so: the terminal is gone.
 */
export class HangUps {
  readonly #log: Logger
  readonly #hadTerminal = isatty(STDOUT)
  #handle: ((signal: string) => void) | undefined
  /** One that came before anybody could be told. */
  #early: string | undefined

  /** From now on a signal does not end the process. */
  constructor(log: Logger) {
    this.#log = log
    process.on("SIGHUP", (signal) => {
      if (this.#handle === undefined) this.#early = signal
      else this.#handle(signal)
    })
  }

  /** Has files read anew, or stops, at each signal, and at one that has come already. */
  answer(reloaded: readonly Reloaded[], stop: (cause: string) => void): void {
    this.#handle = (signal) => {
      const isTerminalGone = this.#hadTerminal && !isatty(STDOUT)
      if (reloaded.length === 0 || isTerminalGone) stop(signal)
      else for (const files of reloaded) reloadOne(files, this.#log)
    }
    if (this.#early !== undefined) this.#handle(this.#early)
  }
}

function reloadOne({ failedEvent, what, reload }: Reloaded, log: Logger): void {
  try {
    reload()
  } catch (error) {
    const { message } = error as Error
    log.error({ event: failedEvent, reason: message }, `the old ${what} stays: ${message}`)
  }
}
