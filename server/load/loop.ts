/** A connection, as far as a loop needs it. */
export interface Connection {
  /** Called with how many answers have come. */
  onAnswers: (count: number) => void
  send(count: number): void
}

/** A way to put load on connections; it runs from `start` until `stop`. */
export interface Loop {
  start(): void
  /** Counts from now on, and not what was before. */
  measure(): void
  /** Ends the measuring; resolves when all that belongs to it has been counted. */
  stop(): Promise<void>
  /** Requests answered between `measure` and `stop`. */
  readonly answered: number
}
