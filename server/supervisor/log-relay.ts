import { pino } from "pino"
import type { DestinationStream } from "pino"

/** The nodes tell at this level that they listen, so they log it whatever is shown. */
const NEEDED_LEVEL = "info"

/** The least level that a cluster shows, as pino's number. */
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

  /** @param level what is below it is left out */
  constructor(stream: DestinationStream, level: string) {
    this.#stream = stream
    this.#threshold = threshold(level)
  }

  /**
   * What a node suggests to try is left out: the cluster has suggestions of its own.
   * @returns the event of the line, if it has one
   */
  pass(line: string): string | undefined {
    const { event, level } = fieldsOf(line)
    if (event !== "try" && level >= this.#threshold) this.#stream.write(`${line}\n`)
    return event
  }
}

interface Fields {
  readonly event: string | undefined
  /** Of what is no log line: as high as only silence is higher. */
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
