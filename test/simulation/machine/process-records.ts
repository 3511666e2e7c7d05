import type { OwnerRecords } from "../../../server/storage/ownership.ts"
import { DiskError, Stage } from "./disk.ts"
import type { Disk, MarkFile } from "./disk.ts"
import type { Process } from "./process.ts"
import type { World } from "../world.ts"

/** What one process reads and writes on the disk, each step in its own time. */
export class ProcessRecords implements OwnerRecords {
  readonly #world: World
  readonly #disk: Disk
  readonly #process: Process
  #own: MarkFile | undefined
  #others: readonly Process[] = []
  #isUnsynced = false

  constructor(world: World, disk: Disk, process: Process) {
    this.#world = world
    this.#disk = disk
    this.#process = process
  }

  get durableMark(): number {
    return this.#own?.durable ?? 0
  }

  claim(): Promise<void> {
    return this.#step(() => {
      this.#failIf(this.#disk.fault?.writes)
      this.#disk.owner = this.#process
      this.#disk.tell("it is claimed")
    })
  }

  otherOwner(): Promise<string | undefined> {
    return this.#step(() => {
      return this.#disk.owner === this.#process ? undefined : "another process has taken over"
    })
  }

  readMark(): Promise<number> {
    return this.#step(() => {
      const { marks } = this.#disk
      this.#others = [...marks.keys()]
      return Math.max(0, ...Array.from(marks.values(), ({ written }) => written))
    })
  }

  async writeMark(mark: number): Promise<void> {
    // A step of its own, so that a process may stand still between its look and its write.
    await this.#step(() => this.reach(Stage.ASKED))
    await this.#step(() => this.#put(mark))
    await this.#step(() => this.#sync(mark))
    await this.#step(() => undefined)
  }

  removeOthers(): Promise<void> {
    return this.#step(() => {
      for (const other of this.#others) this.#disk.marks.delete(other)
    })
  }

  reach(stage: Stage): void {
    // A fault that waits for a stage means the process that has the disk.
    if (this.#disk.owner === this.#process) this.#disk.onStage?.(stage)
  }

  /** What was written and not synced is lost, or by chance is not. */
  end(): void {
    const own = this.#own
    if (own === undefined || !this.#isUnsynced) return
    if (this.#world.random.chance(0.5)) own.durable = own.written
    else own.written = own.durable
  }

  #put(mark: number): void {
    this.#failIf(this.#disk.fault?.writes, "no space left on device")
    this.#own ??= { written: 0, durable: 0 }
    this.#disk.marks.set(this.#process, this.#own)
    this.#own.written = mark
    this.#isUnsynced = true
    this.reach(Stage.WRITTEN)
  }

  #sync(mark: number): void {
    // When it fails, nobody can tell whether the mark was stored.
    const fails = this.#disk.fault?.syncs === true
    if (!fails || this.#world.random.chance(0.5)) {
      this.#own!.durable = mark
      this.#isUnsynced = false
      this.#disk.tell(`mark ${mark} is durable`)
    }
    this.#failIf(fails, "input/output error")
    this.reach(Stage.SYNCED)
  }

  #failIf(fails: boolean | undefined, reason = "no space left on device"): void {
    if (fails) throw new DiskError(reason)
  }

  #step<T>(run: () => T): Promise<T> {
    return this.#disk.step(this.#process, run)
  }
}
