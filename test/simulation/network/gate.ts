/** Lets a process do something when it can. */
export interface Gate {
  readonly isAlive: boolean
  /** When its node began to stop, if it does. */
  readonly stopsSinceMs?: number | undefined
  enter(run: () => void): void
}

/** One of the two that a stream connects. */
export interface Party {
  readonly host: number
  readonly gate: Gate
}
