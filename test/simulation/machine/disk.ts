import type { NodeStore, StoredNode } from "../../../server/storage/node-store.ts"
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

/** The only reason for which a start or a stop may fail. */
export class DiskError extends Error {
  override readonly name = "DiskError"
}

interface Write {
  readonly mark: number
  readonly done: (error?: Error) => void
  stage: Stage
}

/** A node's disk, with its identity and mark. It outlives the processes that use it. */
export class Disk {
  readonly nodeId: number
  readonly epochMs: number
  /** What is synced: a power cut leaves it. */
  durableMark = 0
  /** The last mark that the process which asked for it knows to be synced. */
  knownMark = 0
  /** Called as a write reaches a stage, for a fault that waits for the worst moment. */
  onStage: ((stage: Stage) => void) | undefined
  readonly #world: World
  readonly #checkMark: (mark: number, isLast: boolean) => void
  #fault: DiskFault | undefined
  #user: Process | undefined
  #write: Write | undefined
  #next: Write | undefined
  /** The step that is held up. */
  #held: (() => void) | undefined

  /** @param checkMark hears of every mark that is to be written; the last of a process is exact */
  constructor(
    world: World,
    nodeId: number,
    epochMs: number,
    checkMark: (mark: number, isLast: boolean) => void,
  ) {
    this.#world = world
    this.nodeId = nodeId
    this.epochMs = epochMs
    this.#checkMark = checkMark
  }

  /** The store, as a process that starts finds it. */
  open(process: Process): NodeStore {
    if (this.#user !== undefined) this.#world.breaks("two processes use one data directory")
    this.#user = process
    this.knownMark = this.durableMark
    const node: StoredNode = {
      nodeId: this.nodeId,
      epochMs: this.epochMs,
      mark: this.durableMark,
    }
    return {
      node,
      extend: (mark, done) => {
        if (this.#write !== undefined) this.#world.breaks("two writes at a time")
        this.#checkMark(mark, false)
        this.#begin(mark, process, done)
      },
      watch: () => {
        // One process at a time uses a disk: there is nothing to tell.
      },
      close: (mark) =>
        new Promise((resolve, reject) => {
          if (mark === undefined) this.#world.breaks("a stop does not store its mark")
          this.#checkMark(mark, true)
          this.#begin(mark, process, (error) => {
            if (this.#user === process) this.#user = undefined
            if (error === undefined) resolve()
            else reject(error)
          })
        }),
    }
  }

  setFault(fault: DiskFault | undefined): void {
    this.#fault = fault
    this.#letGo()
  }

  /** The process has ended. What was written and not synced is lost, or by chance is not. */
  release(): void {
    const write = this.#write
    if (write?.stage === Stage.WRITTEN && this.#world.random.chance(0.5)) this.#sync(write)
    this.#write = this.#next = this.#held = this.#user = undefined
  }

  #begin(mark: number, process: Process, done: (error?: Error) => void): void {
    if (this.#user !== process) this.#world.breaks("a mark is stored after the store was closed")
    const tell = (error?: Error): void =>
      process.enter(() => {
        if (error === undefined) this.knownMark = mark
        done(error)
        if (error === undefined) this.onStage?.(Stage.TOLD)
      })
    const write = { mark, done: tell, stage: Stage.ASKED }
    if (this.#write === undefined) this.#start(write)
    // The last write of a process that stops waits for the one that extends the mark.
    else this.#next = write
  }

  #start(write: Write): void {
    this.#write = write
    this.onStage?.(Stage.ASKED)
    this.#step(() => this.#put())
  }

  #put(): void {
    if (this.#fault?.writes) {
      this.#fail("no space left on device")
      return
    }
    this.#reach(Stage.WRITTEN)
    this.#step(() => this.#putDown())
  }

  #putDown(): void {
    const write = this.#write!
    if (this.#fault?.syncs) {
      // Nobody can tell whether the mark was stored.
      if (this.#world.random.chance(0.5)) this.#sync(write)
      this.#fail("input/output error")
      return
    }
    this.#sync(write)
    this.#reach(Stage.SYNCED)
    this.#step(() => this.#tell())
  }

  #tell(error?: Error): void {
    const { done } = this.#write!
    const next = this.#next
    this.#write = this.#next = undefined
    if (next !== undefined) this.#start(next)
    done(error)
  }

  #sync({ mark }: Write): void {
    this.durableMark = mark
    if (this.#world.trace.isOn) {
      this.#world.trace.line(this.#world.nowMs, `node ${this.nodeId} disk: mark ${mark} is durable`)
    }
  }

  #fail(reason: string): void {
    this.#tell(new DiskError(reason))
  }

  #reach(stage: Stage): void {
    this.#write!.stage = stage
    this.onStage?.(stage)
  }

  /** Runs the next step of the write that is under way, unless the process ends first. */
  #step(step: () => void): void {
    const write = this.#write
    const held = (): void => {
      if (this.#write === write) step()
    }
    this.#after(this.#world.random.spread(0.02, 4), () => {
      if (this.#write !== write) return
      const holdMs = this.#fault?.holdMs ?? 0
      this.#held = held
      if (holdMs === 0) this.#letGo()
      else if (holdMs < Infinity) this.#after(holdMs, () => this.#held === held && this.#letGo())
    })
  }

  #letGo(): void {
    const step = this.#held
    this.#held = undefined
    step?.()
  }

  #after(delayMs: number, run: () => void): void {
    this.#world.after(delayMs, Kind.DISK, this.nodeId, run)
  }
}
