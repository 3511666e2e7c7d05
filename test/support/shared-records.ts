import { drainMicrotasks } from "bun:jsc"
import { Ownership } from "../../server/storage/ownership.ts"
import type { OwnerRecords } from "../../server/storage/ownership.ts"

/** How far each mark of a process is past the one before. */
const MARK_STEP = 10

/** A place that any number of processes use at once, with nothing that keeps one from another. */
export class SharedRecords {
  owner: OwnedProcess | undefined
  readonly marks: Map<OwnedProcess, number> = new Map()
  readonly processes: OwnedProcess[] = []

  /** A process that claims the identity and then stores so many marks, each step when told to. */
  start(stores: number): OwnedProcess {
    const process = new OwnedProcess(this, stores)
    this.processes.push(process)
    return process
  }

  /** The mark that a start would find now. */
  get mark(): number {
    return Math.max(0, ...this.marks.values())
  }

  /**
   * What a process may give out, and another one too, or a start after a power cut at this moment;
   * undefined when there is no such thing.
   */
  get conflict(): string | undefined {
    const serving = this.processes.filter(({ bound }) => bound > 0)
    for (const one of serving) {
      if (one.bound > this.mark) return `a start would begin at ${this.mark}, before ${one}`
      const other = serving.find((it) => it !== one && it.begin < one.bound && one.begin < it.bound)
      if (other !== undefined) return `${one} and ${other}`
    }
    return undefined
  }
}

/** A process on shared records. It stands still before each look at them until it is let go on. */
export class OwnedProcess implements OwnerRecords {
  /** It may give out the times from `begin` up to `bound`, which is 0 as long as there are none. */
  begin = 0
  bound = 0
  error: unknown
  readonly #shared: SharedRecords
  readonly #number: number
  #others: readonly OwnedProcess[] = []
  #step: (() => void) | undefined

  constructor(shared: SharedRecords, stores: number) {
    this.#shared = shared
    this.#number = shared.processes.length + 1
    void this.#live(stores)
  }

  get hasEnded(): boolean {
    return this.#step === undefined
  }

  /** Takes the next step, and comes to the one after it. */
  goOn(): void {
    const step = this.#step
    this.#step = undefined
    step?.()
    drainMicrotasks()
  }

  goOnToTheEnd(): void {
    while (!this.hasEnded) this.goOn()
  }

  claim(): Promise<void> {
    return this.#when(() => {
      this.#shared.owner = this
    })
  }

  otherOwner(): Promise<string | undefined> {
    return this.#when(() => (this.#shared.owner === this ? undefined : `${this.#shared.owner}`))
  }

  readMark(): Promise<number> {
    return this.#when(() => {
      this.#others = [...this.#shared.marks.keys()]
      return this.#shared.mark
    })
  }

  writeMark(mark: number): Promise<void> {
    return this.#when(() => {
      this.#shared.marks.set(this, mark)
    })
  }

  removeOthers(): Promise<void> {
    return this.#when(() => {
      for (const other of this.#others) this.#shared.marks.delete(other)
    })
  }

  toString(): string {
    return `process ${this.#number} with ${this.begin} to ${this.bound}`
  }

  async #live(stores: number): Promise<void> {
    try {
      const ownership = await Ownership.claim(this)
      for (let store = 1; store <= stores; store++) {
        const mark = ownership.mark + store * MARK_STEP
        await ownership.store(mark)
        this.begin = ownership.mark
        this.bound = mark
      }
    } catch (error) {
      this.error = error
    }
  }

  #when<T>(run: () => T): Promise<T> {
    return new Promise((resolve) => {
      this.#step = () => resolve(run())
    })
  }
}

/**
 * Lets processes take their steps in every order there is.
 * @param begin makes the processes of one run
 * @param look is called after each step of each run
 * @returns how many orders there are
 */
export function inEveryOrder(begin: () => readonly OwnedProcess[], look: () => void): number {
  /** Which of those that can go on does so, at each step, and how many there are of them. */
  const choices: { taken: number; readonly of: number }[] = []
  for (let runs = 1; ; runs++) {
    const processes = begin()
    for (let depth = 0; ; depth++) {
      const able = processes.filter(({ hasEnded }) => !hasEnded)
      if (able.length === 0) break
      const choice = (choices[depth] ??= { taken: 0, of: able.length })
      able[choice.taken]!.goOn()
      look()
    }
    while (choices.length > 0 && choices.at(-1)!.taken + 1 === choices.at(-1)!.of) choices.pop()
    const last = choices.at(-1)
    if (last === undefined) return runs
    last.taken += 1
  }
}
