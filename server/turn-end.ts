import type { Runtime } from "./runtime.ts"

/** Work that is put off to the end of a turn of the event loop. */
export interface TurnTask {
  turnEnded(): void
}

/**
 * Runs what was scheduled in a turn of the event loop once, at its end. A peer link is fed by many
 * sockets in one turn: writing once a turn, and not after each of them, nearly doubles what it
 * carries.
 */
export class TurnEnd {
  readonly #runtime: Runtime
  #tasks: TurnTask[] = []
  #spare: TurnTask[] = []

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** The caller sees to it that it is not scheduled twice in a turn. */
  schedule(task: TurnTask): void {
    if (this.#tasks.length === 0) this.#runtime.soon(this.#run)
    this.#tasks.push(task)
  }

  readonly #run = (): void => {
    const tasks = this.#tasks
    this.#tasks = this.#spare
    for (const task of tasks) task.turnEnded()
    tasks.length = 0
    this.#spare = tasks
  }
}
