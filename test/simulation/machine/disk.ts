import type { Process } from "./process.ts"
import { Kind } from "../world.ts"
import type { World } from "../world.ts"

/** Where a mark is on its way to the disk. */
export const Stage = {
  /** It was asked for, nothing is written. */
  ASKED: 0,
  /** It is written, not yet synced. */
  WRITTEN: 1,
  /** It is synced; the process does not know yet. */
  SYNCED: 2,
  /** The process knows. */
  TOLD: 3,
} as const
export type Stage = (typeof Stage)[keyof typeof Stage]

/** What goes wrong with a disk. */
export interface DiskFault {
  /** Writes fail, as on a full disk. */
  readonly writes: boolean
  /** Writes go well, syncs fail. */
  readonly syncs: boolean
  /** Each step takes this much longer, but ends with the fault. Infinity: the disk stalls. */
  readonly holdMs: number
}

/** One of the reasons for which a start or a stop may fail. */
export class DiskError extends Error {
  override readonly name = "DiskError"
}

/** The mark of one process. */
export interface MarkFile {
  /** What another process reads. */
  written: number
  /** What is synced: a power cut leaves it. */
  durable: number
}

/**
 * A node's disk, with its identity, the register of its owner, and the marks of its processes. It
 * keeps no process from using it while another one does.
 */
export class Disk {
  readonly nodeId: number
  readonly epochMs: number
  /** The process that has claimed it last. */
  owner: Process | undefined
  readonly marks: Map<Process, MarkFile> = new Map()
  /** Called as a write of its user reaches a stage, for a fault that waits for the worst moment. */
  onStage: ((stage: Stage) => void) | undefined
  fault: DiskFault | undefined
  readonly #world: World
  /** The steps that are held up. */
  readonly #held = new Set<() => void>()

  constructor(world: World, nodeId: number, epochMs: number) {
    this.#world = world
    this.nodeId = nodeId
    this.epochMs = epochMs
  }

  /** The mark that a start would find after a power cut. */
  get durableMark(): number {
    return Math.max(0, ...Array.from(this.marks.values(), ({ durable }) => durable))
  }

  setFault(fault: DiskFault | undefined): void {
    this.fault = fault
    for (const letGo of this.#held) letGo()
  }

  /** Does one step for a process, a little later, unless the process has ended by then. */
  step<T>(process: Process, run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        if (!process.isAlive) return
        try {
          const result = run()
          process.enter(() => resolve(result))
        } catch (error) {
          const reason = error as Error
          process.enter(() => reject(reason))
        }
      }
      this.#after(this.#world.random.spread(0.02, 4), () => this.#hold(finish))
    })
  }

  tell(what: string): void {
    const { trace, nowMs } = this.#world
    if (trace.isOn) trace.line(nowMs, `node ${this.nodeId} disk: ${what}`)
  }

  #hold(finish: () => void): void {
    const holdMs = this.fault?.holdMs ?? 0
    if (holdMs === 0) {
      finish()
      return
    }
    const letGo = (): void => {
      if (this.#held.delete(letGo)) finish()
    }
    this.#held.add(letGo)
    if (holdMs < Infinity) this.#after(holdMs, letGo)
  }

  #after(delayMs: number, run: () => void): void {
    this.#world.after(delayMs, Kind.DISK, this.nodeId, run)
  }
}
