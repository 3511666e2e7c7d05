import type { MarkStore } from "../../server/generator/reservation.ts"
import type { VirtualEnvironment } from "./virtual-environment.ts"

interface Write {
  readonly mark: number
  readonly done: (error?: Error) => void
}

/** How a store answers: at once, so many milliseconds later, or only when `settle` is called. */
export type Latency = number | "at once" | "hangs"

/** A store whose disk does what a test says. `mark` is what a power cut would leave. */
export class MemoryStore implements MarkStore {
  mark: number
  latency: Latency = "at once"
  /** Why writes fail; undefined: they succeed. */
  failure: Error | undefined
  /** Every mark that was asked for. */
  readonly asked: number[] = []
  readonly #environment: VirtualEnvironment
  #underWay: Write | undefined

  constructor(environment: VirtualEnvironment, mark = 0) {
    this.#environment = environment
    this.mark = mark
  }

  get isWriting(): boolean {
    return this.#underWay !== undefined
  }

  extend(mark: number, done: (error?: Error) => void): void {
    if (this.#underWay !== undefined) throw new Error("two writes at a time")
    const write: Write = { mark, done }
    this.asked.push(mark)
    this.#underWay = write
    if (this.latency === "at once") this.settle()
    else if (this.latency !== "hangs") {
      this.#environment.after(this.latency, () => {
        if (this.#underWay === write) this.settle()
      })
    }
  }

  /** Ends the write under way, if there is one: with `failure`, or well without. */
  settle(): void {
    const write = this.#underWay
    this.#underWay = undefined
    if (this.failure === undefined && write !== undefined) this.mark = write.mark
    write?.done(this.failure)
  }

  /** The process dies. Nobody hears of a write under way, but it may have reached the disk. */
  crash(writeReachedDisk = false): void {
    if (writeReachedDisk && this.#underWay !== undefined) this.mark = this.#underWay.mark
    this.#underWay = undefined
  }
}
