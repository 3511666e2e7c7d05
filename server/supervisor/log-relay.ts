import { pino } from "pino"
import type { DestinationStream } from "pino"

/** A node logs at this level that it listens. So it has to log this level, shown or not. */
const NEEDED_LEVEL = "info"

/** The lowest level that a cluster shows, as pino's number. */
function threshold(level: string): number {
  return pino.levels.values[level] ?? Number.POSITIVE_INFINITY
}

/** The `--log-level` of the nodes in a cluster that shows `level`. */
export function nodeLogLevel(level: string): string {
  return threshold(level) < threshold(NEEDED_LEVEL) ? level : NEEDED_LEVEL
}

/** Passes the log lines of the nodes on, each whole. */
export class LogRelay {
  readonly #stream: DestinationStream
  readonly #threshold: number

  /** @param level lines below it are left out */
  constructor(stream: DestinationStream, level: string) {
    this.#stream = stream
    this.#threshold = threshold(level)
  }

  /**
   * Passes a line on, unless its level is too low.
   * @returns the event of the line, if it has one
   */
  pass(line: string): string | undefined {
    const { event, level } = fieldsOf(line)
    if (level >= this.#threshold) this.#stream.write(`${line}\n`)
    return event
  }
}

interface Fields {
  readonly event: string | undefined
  /** The level of output that is not a log line: above all but `silent`. */
  readonly level: number
}

const NO_LOG_LINE: Fields = { event: undefined, level: Number.MAX_SAFE_INTEGER }

function fieldsOf(line: string): Fields {
  if (!line.startsWith("{")) return NO_LOG_LINE
  try {
    const { event, level } = JSON.parse(line) as Record<string, unknown>
    if (typeof level !== "number") return NO_LOG_LINE
    return { event: typeof event === "string" ? event : undefined, level }
  } catch {
    return NO_LOG_LINE
  }
}
