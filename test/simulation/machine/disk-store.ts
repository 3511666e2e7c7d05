import { StoreError, StoreFault } from "../../../server/storage/errors.ts"
import type { NodeStore, StoreEvents, StoredNode } from "../../../server/storage/node-store.ts"
import { Ownership } from "../../../server/storage/ownership.ts"
import { Stage } from "./disk.ts"
import type { Disk } from "./disk.ts"
import type { Process } from "./process.ts"
import { ProcessRecords } from "./process-records.ts"
import type { World } from "../world.ts"

/** Hears of every mark that is to be written; the last of a process is exact. */
export type CheckMark = (mark: number, isLast: boolean) => void

/** The disk as one process has it: what the server itself decides about marks, on virtual files. */
export class DiskStore implements NodeStore {
  readonly node: StoredNode
  /** The last mark that this process knows to be synced. */
  knownMark: number
  readonly #world: World
  readonly #ownership: Ownership
  readonly #records: ProcessRecords
  readonly #checkMark: CheckMark
  #events: StoreEvents | undefined
  #lost: string | undefined
  /** The write under way; resolves when it has ended, one way or the other. */
  #writing: Promise<unknown> | undefined

  private constructor(
    world: World,
    disk: Disk,
    ownership: Ownership,
    records: ProcessRecords,
    checkMark: CheckMark,
  ) {
    this.#world = world
    this.#ownership = ownership
    this.#records = records
    this.#checkMark = checkMark
    const { mark } = ownership
    this.knownMark = mark
    this.node = { nodeId: disk.nodeId, epochMs: disk.epochMs, mark }
  }

  static async open(
    world: World,
    disk: Disk,
    process: Process,
    checkMark: CheckMark,
  ): Promise<DiskStore> {
    const records = new ProcessRecords(world, disk, process)
    return new DiskStore(world, disk, await Ownership.claim(records), records, checkMark)
  }

  /** This process's own mark, as a power cut would leave it. */
  get durableMark(): number {
    return this.#records.durableMark
  }

  extend(mark: number, done: (error?: Error) => void): void {
    if (this.#writing !== undefined) this.#world.breaks("two writes at a time")
    this.#checkMark(mark, false)
    void this.#extend(mark, done)
  }

  watch(events: StoreEvents): void {
    this.#events = events
    if (this.#lost !== undefined) events.lost(this.#lost)
  }

  async close(mark: number | undefined): Promise<void> {
    if (mark === undefined) {
      if (this.#lost === undefined) this.#world.breaks("a stop does not store its mark")
      return
    }
    this.#checkMark(mark, true)
    // The last write of a process that stops waits for the one that extends the mark.
    await this.#writing
    await this.#write(mark)
  }

  /** Its process has ended. */
  end(): void {
    this.#records.end()
  }

  async #extend(mark: number, done: (error?: Error) => void): Promise<void> {
    try {
      await this.#write(mark)
    } catch (error) {
      done(error as Error)
      return
    }
    done()
    this.#records.reach(Stage.TOLD)
  }

  #write(mark: number): Promise<void> {
    const writing = this.#store(mark)
    const ended = (): void => {
      this.#writing = undefined
    }
    this.#writing = writing.then(ended, ended)
    return writing
  }

  async #store(mark: number): Promise<void> {
    try {
      await this.#ownership.store(mark)
      this.knownMark = mark
    } catch (error) {
      if (error instanceof StoreError && error.fault === StoreFault.LOST) this.#lose(error.message)
      throw error
    }
  }

  #lose(reason: string): void {
    if (this.#lost !== undefined) return
    this.#lost = reason
    this.#events?.lost(reason)
  }
}
