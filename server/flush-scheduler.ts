import type { Environment } from "./environment.ts"

/** Turns of the event loop. One more costs an idle node about a microsecond. */
const ROUND_TURNS = 4

/** Work that is put off to the end of a round. */
export interface Flushable {
  flush(): void
}

/**
 * Runs what was scheduled in a round, a few turns of the event loop, once, at its end. A peer link
 * is fed by many sockets and a client by many links: writing once for all of a turn, and not
 * after each of them, nearly doubles what they carry, and a few busy turns bring more to write than one.
 */
export class FlushScheduler {
  readonly #environment: Environment
  #tasks: Flushable[] = []
  #spare: Flushable[] = []
  #turns = 0

  constructor(environment: Environment) {
    this.#environment = environment
  }

  /** The caller sees to it that it is not scheduled twice in a round. */
  schedule(task: Flushable): void {
    if (this.#tasks.length === 0) this.#environment.soon(this.#turnEnded)
    this.#tasks.push(task)
  }

  readonly #turnEnded = (): void => {
    this.#turns = (this.#turns + 1) % ROUND_TURNS
    if (this.#turns > 0) this.#environment.soon(this.#turnEnded)
    else this.#run()
  }

  #run(): void {
    const tasks = this.#tasks
    this.#tasks = this.#spare
    for (const task of tasks) task.flush()
    tasks.length = 0
    this.#spare = tasks
  }
}
