import type { Environment } from "./environment.ts"

/** How many turns of the event loop a batch gathers. One more costs an idle node about 1 µs. */
const TURNS_PER_BATCH = 4

/** Gathers work, mostly bytes to write, until the batch is over. */
export interface Flushable {
  flush(): void
}

/**
 * Flushes what was scheduled, once, a few turns of the event loop later. Many sockets feed one peer
 * link, and many links feed one client. One write for all of a turn, instead of one after each
 * socket, nearly doubles what they carry. One write for a few busy turns carries more still.
 */
export class FlushScheduler {
  readonly #environment: Environment
  #tasks: Flushable[] = []
  #spare: Flushable[] = []
  #turns = 0

  constructor(environment: Environment) {
    this.#environment = environment
  }

  /** The caller makes sure that it is not scheduled twice in a batch. */
  schedule(task: Flushable): void {
    if (this.#tasks.length === 0) this.#environment.soon(this.#turnEnded)
    this.#tasks.push(task)
  }

  readonly #turnEnded = (): void => {
    this.#turns = (this.#turns + 1) % TURNS_PER_BATCH
    if (this.#turns > 0) this.#environment.soon(this.#turnEnded)
    else this.#flush()
  }

  #flush(): void {
    const tasks = this.#tasks
    // What is scheduled from now on belongs to the next batch.
    this.#tasks = this.#spare
    for (const task of tasks) task.flush()
    tasks.length = 0
    this.#spare = tasks
  }
}
