import { StoreError, StoreFault } from "./errors.ts"

type Awaitable<T> = T | Promise<T>

/**
 * What the processes on one place keep there: a register that all of them share, and a mark of each
 * process that no other writes. Every read is of what is there now, and nothing is read from a cache.
 */
export interface OwnerRecords {
  /** Puts this process into the register, in the place of whoever was there. Called once. */
  claim(): Awaitable<void>
  /** Who is in the register in this process's place; undefined when this process still is. */
  otherOwner(): Awaitable<string | undefined>
  /** The latest of all marks that any process has stored. */
  readMark(): Awaitable<number>
  /** Makes this process's own mark durable. */
  writeMark(mark: number): Awaitable<void>
  /** Removes the marks of other processes that `readMark` has read. */
  removeOthers(): Awaitable<void>
}

/**
 * The right of one process to the identity and the mark, whether or not the place has locks that
 * keep others out: the last process to claim it has it, and each mark that an earlier one stores
 * from then on is refused. `README.md` beside this file argues why no id comes twice.
 */
export class Ownership {
  /** The first time that this process may give out. */
  readonly mark: number
  readonly #records: OwnerRecords
  #isFirst = true

  private constructor(records: OwnerRecords, mark: number) {
    this.#records = records
    this.mark = mark
  }

  static async claim(records: OwnerRecords): Promise<Ownership> {
    await records.claim()
    // Not before: an owner until now may have stored a later mark meanwhile.
    return new Ownership(records, await records.readMark())
  }

  /**
   * Makes a mark durable. It counts only if this returns.
   * @throws StoreError LOST when another process has claimed the identity
   */
  async store(mark: number): Promise<void> {
    await this.#checkOwner()
    await this.#records.writeMark(mark)
    // Whoever claims the identity from here on reads this mark.
    await this.#checkOwner()
    if (!this.#isFirst) return
    // Not before: until now only the others' marks were past all of their ids.
    await this.#records.removeOthers()
    this.#isFirst = false
  }

  async #checkOwner(): Promise<void> {
    const other = await this.#records.otherOwner()
    if (other !== undefined) throw new StoreError(StoreFault.LOST, other)
  }
}
