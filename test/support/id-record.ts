import { closeSync, openSync, rmSync } from "node:fs"
import { DistinctCheck, OrderCheck, checkLives, newCheck } from "./id-check.ts"
import type { IdCheck, Span } from "./id-check.ts"
import { IdFile } from "./id-file.ts"
import { mergeRuns, readIds, writeRun } from "./sorted-runs.ts"
import { TempDir } from "./temp-dir.ts"

/** Ids that are sorted in memory at a time: 32 MiB, and as much again while they are merged. */
const CHUNK_IDS = 4_194_304

/** The ids that one connection got of one life of a node. */
interface Connection {
  readonly node: string
  readonly life: number
  readonly file: IdFile
}

/**
 * The ids that clients were given, on disk, and a check that none came twice. Takes 16 bytes of
 * disk an id, and memory that does not grow with their number. Removed when its test leaves the
 * block.
 */
export class IdRecord implements Disposable {
  readonly #dir = new TempDir()
  readonly #connections: Connection[] = []
  readonly #lives = new Map<string, number>()

  /** How many ids there are so far. */
  get ids(): number {
    return this.#connections.reduce((sum, { file }) => sum + file.count, 0)
  }

  /** A node has started, perhaps again: its ids have to be above those of its earlier lives. */
  newLife(node: string): void {
    this.#lives.set(node, this.#life(node) + 1)
  }

  /** The file for the ids of a new connection to a node in its present life. They must increase. */
  connection(node: string): IdFile {
    const file = new IdFile(this.#dir.at(`${this.#connections.length}.ids`))
    this.#connections.push({ node, life: this.#life(node), file })
    return file
  }

  /**
   * Looks through all ids. No connection may get another one afterwards.
   * @param chunkIds how many are sorted in memory at a time
   */
  check(chunkIds: number = CHUNK_IDS): IdCheck {
    const { ids } = this
    const check = newCheck()
    const spans: Span[] = []
    const sorter = new Sorter(this.#dir, new BigUint64Array(Math.min(chunkIds, ids)))
    for (const { node, life, file } of this.#connections) {
      file.close()
      const order = new OrderCheck(check)
      sorter.add(file.path, (piece) => order.look(piece))
      const { min, max } = order
      if (min !== undefined && max !== undefined) spans.push({ node, life, min, max })
    }
    checkLives(spans, check)
    const distinct = new DistinctCheck(check)
    sorter.merge((sorted) => distinct.look(sorted))
    if (check.ids !== ids) throw new Error(`${check.ids} of ${ids} ids were looked at`)
    return check
  }

  /** As `check`. @throws Error that says what is wrong, when anything is */
  verify(): IdCheck {
    const check = this.check()
    const { duplicates, decreases, overlaps, examples } = check
    if (duplicates + decreases + overlaps === 0) return check
    throw new Error(
      `of ${check.ids} ids ${duplicates} came twice, ${decreases} came after a larger one on ` +
        `their connection, and ${overlaps} lives of a node went back: ${examples.join("; ")}`,
    )
  }

  [Symbol.dispose](): void {
    for (const { file } of this.#connections) file.close()
    this.#dir[Symbol.dispose]()
  }

  #life(node: string): number {
    return this.#lives.get(node) ?? 0
  }
}

/** Sorts more ids than fit in memory: sorts pieces, keeps them on disk, merges them at the end. */
class Sorter {
  readonly #dir: TempDir
  readonly #chunk: BigUint64Array
  readonly #runs: string[] = []
  #used = 0

  constructor(dir: TempDir, chunk: BigUint64Array) {
    this.#dir = dir
    this.#chunk = chunk
  }

  /** Takes all ids of a file, and shows them in the order they stand there. */
  add(path: string, show: (piece: BigUint64Array) => void): void {
    const file = openSync(path, "r")
    try {
      for (;;) {
        const free = this.#chunk.subarray(this.#used)
        const count = readIds(file, free)
        show(free.subarray(0, count))
        this.#used += count
        if (count < free.length || count === 0) return
        this.#endRun()
      }
    } finally {
      closeSync(file)
    }
  }

  merge(take: (sorted: BigUint64Array) => void): void {
    if (this.#used > 0) this.#endRun()
    if (this.#runs.length === 0) return
    mergeRuns(this.#runs, this.#chunk, take)
    for (const path of this.#runs) rmSync(path)
  }

  #endRun(): void {
    const path = this.#dir.at(`${this.#runs.length}.run`)
    writeRun(path, this.#chunk.subarray(0, this.#used).sort())
    this.#runs.push(path)
    this.#used = 0
  }
}
