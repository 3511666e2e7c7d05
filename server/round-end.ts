import type { Runtime } from "./runtime.ts"

/** Turns of the event loop. One more costs an idle node about a microsecond. */
const ROUND_TURNS = 4

/** Work that is put off to the end of a round. */
export interface RoundTask {
  roundEnded(): void
}

/**
 * Runs what was scheduled in a round, a few turns of the event loop, once, at its end. A peer link
 * is fed by many sockets and a client by many links: writing once for all of a turn, and not
 * after each of them, nearly doubles what they carry, and a few busy turns bring more to write than one.
 */
export class RoundEnd {
  readonly #runtime: Runtime
  #tasks: RoundTask[] = []
  #spare: RoundTask[] = []
  #turns = 0

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** The caller sees to it that it is not scheduled twice in a round. */
  schedule(task: RoundTask): void {
    if (this.#tasks.length === 0) this.#runtime.soon(this.#turnEnded)
    this.#tasks.push(task)
  }

  readonly #turnEnded = (): void => {
    this.#turns = (this.#turns + 1) % ROUND_TURNS
    if (this.#turns > 0) this.#runtime.soon(this.#turnEnded)
    else this.#run()
  }

  #run(): void {
    const tasks = this.#tasks
    this.#tasks = this.#spare
    for (const task of tasks) task.roundEnded()
    tasks.length = 0
    this.#spare = tasks
  }
}
