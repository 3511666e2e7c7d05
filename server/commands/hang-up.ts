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
export function onHangUp(
  reloaded: readonly Reloaded[],
  stop: (cause: string) => void,
  log: Logger,
): void {
  const hadTerminal = isatty(STDOUT)
  process.on("SIGHUP", (signal) => {
    const isTerminalGone = hadTerminal && !isatty(STDOUT)
    if (reloaded.length === 0 || isTerminalGone) stop(signal)
    else for (const files of reloaded) reloadOne(files, log)
  })
}

function reloadOne({ failedEvent, what, reload }: Reloaded, log: Logger): void {
  try {
    reload()
  } catch (error) {
    const { message } = error as Error
    log.error({ event: failedEvent, reason: message }, `the old ${what} stays: ${message}`)
  }
}
