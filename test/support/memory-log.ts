import { pino } from "pino"
import type { Logger } from "pino"

type LogLine = Record<string, unknown> & { readonly level: number; readonly msg: string }

/** A log that is kept for a test to look at. */
export class MemoryLog {
  readonly lines: LogLine[] = []
  readonly logger: Logger

  constructor(level = "info") {
    const stream = { write: (line: string) => void this.lines.push(JSON.parse(line) as LogLine) }
    this.logger = pino({ level, base: null, timestamp: false }, stream)
  }

  /** The lines of this level and above, each as `level event message`. */
  texts(fromLevel = 30): string[] {
    const { labels } = this.logger.levels
    return this.lines
      .filter(({ level }) => level >= fromLevel)
      .map(({ level, event, msg }) => `${labels[level]} ${event} ${msg}`)
  }
}
