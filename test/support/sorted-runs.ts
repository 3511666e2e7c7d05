import { closeSync, fstatSync, openSync, readSync, writeFileSync } from "node:fs"
import { ID_BYTES } from "./id-file.ts"

/** Reads ids into `ids`, as many as it holds. @returns how many there were */
export function readIds(file: number, ids: BigUint64Array): number {
  const bytes = new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength)
  let length = 0
  while (length < bytes.length) {
    const read = readSync(file, bytes, length, bytes.length - length, null)
    if (read === 0) break
    length += read
  }
  if (length % ID_BYTES !== 0) throw new Error(`a file of ids ends amid one, after ${length} bytes`)
  return length / ID_BYTES
}

export function writeRun(path: string, sorted: BigUint64Array): void {
  writeFileSync(path, new Uint8Array(sorted.buffer, sorted.byteOffset, sorted.byteLength))
}

/**
 * Merges sorted files in windows: each window holds all ids up to a bound, from every file, sorted.
 * @param paths the files, each sorted
 * @param window the memory that is to be used for it; as much again goes into buffers
 * @param take is handed each window in turn, ascending
 */
export function mergeRuns(
  paths: readonly string[],
  window: BigUint64Array,
  take: (sorted: BigUint64Array) => void,
): void {
  const bufferIds = Math.floor(window.length / paths.length)
  if (bufferIds === 0) throw new Error(`${paths.length} runs do not fit the window`)
  const runs = paths.map((path) => new SortedRun(path, bufferIds))
  try {
    while (runs.some(({ left }) => left > 0)) {
      const bound = lowestLast(runs)
      let used = 0
      for (const run of runs) used += run.takeUpTo(bound, window.subarray(used))
      take(window.subarray(0, used).sort())
    }
  } finally {
    for (const run of runs) run.close()
  }
}

/** The id up to which every run has all its ids in memory. */
function lowestLast(runs: readonly SortedRun[]): bigint | undefined {
  let lowest: bigint | undefined
  for (const { lastInMemory, left, inMemory } of runs) {
    if (left > inMemory && (lowest === undefined || lastInMemory < lowest)) lowest = lastInMemory
  }
  return lowest
}

/** A sorted file that is read from its front. */
class SortedRun {
  /** Ids that are not taken yet, and how many of them are in memory. */
  left: number
  inMemory = 0
  readonly #file: number
  readonly #buffer: BigUint64Array
  #start = 0

  constructor(path: string, bufferIds: number) {
    this.#file = openSync(path, "r")
    this.#buffer = new BigUint64Array(bufferIds)
    this.left = fstatSync(this.#file).size / ID_BYTES
    this.#fill()
  }

  get lastInMemory(): bigint {
    return this.#buffer[this.#start + this.inMemory - 1]!
  }

  /** Moves the ids up to `bound` into `target`; all that are left when there is none. */
  takeUpTo(bound: bigint | undefined, target: BigUint64Array): number {
    const ids = this.#buffer.subarray(this.#start, this.#start + this.inMemory)
    const count = bound === undefined ? ids.length : countUpTo(ids, bound)
    target.set(ids.subarray(0, count))
    this.#start += count
    this.inMemory -= count
    this.left -= count
    if (this.inMemory === 0 && this.left > 0) this.#fill()
    return count
  }

  close(): void {
    closeSync(this.#file)
  }

  #fill(): void {
    this.#start = 0
    this.inMemory = readIds(this.#file, this.#buffer)
  }
}

/** How many of these sorted ids are at most `bound`. */
function countUpTo(sorted: BigUint64Array, bound: bigint): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! <= bound) low = middle + 1
    else high = middle
  }
  return low
}
