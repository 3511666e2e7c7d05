import { HIGH_WORD, LOW_WORD } from "./id-file.ts"

/** How many examples of what is wrong are given. */
const EXAMPLES_MAX = 5

/** What came of looking through ids. */
export interface IdCheck {
  ids: number
  /** Ids that had been there before. */
  duplicates: number
  /** Ids of a connection that are not above the one before. */
  decreases: number
  /** Lives of a node that have an id which is not above all ids of its earlier lives. */
  overlaps: number
  /** What is wrong, the first few. */
  readonly examples: string[]
  /** The largest of all; 0 when there is none. */
  max: bigint
}

export function newCheck(): IdCheck {
  return { ids: 0, duplicates: 0, decreases: 0, overlaps: 0, examples: [], max: 0n }
}

function tell(check: IdCheck, what: string): void {
  if (check.examples.length < EXAMPLES_MAX) check.examples.push(what)
}

/** The 32-bit words of ids, two each: to make a bigint of every id would take ten times as long. */
function wordsOf(ids: BigUint64Array): Uint32Array {
  return new Uint32Array(ids.buffer, ids.byteOffset, 2 * ids.length)
}

/** Checks that the ids of one connection increase. It gets them piece by piece. */
export class OrderCheck {
  /** The smallest and the largest id so far; undefined when there was none. */
  min: bigint | undefined
  max: bigint | undefined
  readonly #check: IdCheck
  #last: bigint | undefined

  constructor(check: IdCheck) {
    this.#check = check
  }

  look(ids: BigUint64Array): void {
    if (ids.length === 0) return
    this.#enter(ids[0]!)
    const words = wordsOf(ids)
    let high = words[HIGH_WORD]!
    let low = words[LOW_WORD]!
    for (let i = 1; i < ids.length; i++) {
      const nextHigh = words[2 * i + HIGH_WORD]!
      const nextLow = words[2 * i + LOW_WORD]!
      if (nextHigh < high || (nextHigh === high && nextLow <= low)) {
        this.#leave(ids[i - 1]!)
        this.#enter(ids[i]!)
      }
      high = nextHigh
      low = nextLow
    }
    this.#leave(ids[ids.length - 1]!)
  }

  /** Looks at the first id of an increasing run: only such a one can be the smallest. */
  #enter(id: bigint): void {
    if (this.#last !== undefined && id <= this.#last) {
      this.#check.decreases++
      tell(this.#check, `${id} came after ${this.#last} on a connection`)
    }
    if (this.min === undefined || id < this.min) this.min = id
  }

  /** Looks at the last id of an increasing run: only such a one can be the largest. */
  #leave(id: bigint): void {
    this.#last = id
    if (this.max === undefined || id > this.max) this.max = id
    if (id > this.#check.max) this.#check.max = id
  }
}

/** The smallest and the largest id of a life of a node. */
export interface Span {
  readonly node: string
  readonly life: number
  readonly min: bigint
  readonly max: bigint
}

/** Checks that every life of a node begins above all its lives before. @param spans in any order */
export function checkLives(spans: readonly Span[], check: IdCheck): void {
  for (const [node, ofNode] of Map.groupBy(spans, (span) => span.node)) {
    let before: bigint | undefined
    const lives = [...Map.groupBy(ofNode, ({ life }) => life)].toSorted(([a], [b]) => a - b)
    for (const [life, ofLife] of lives) {
      const sorted = BigUint64Array.from(ofLife.flatMap(({ min, max }) => [min, max])).sort()
      const [min, max] = [sorted[0]!, sorted[sorted.length - 1]!]
      if (before !== undefined && min <= before) {
        check.overlaps++
        tell(check, `life ${life} of ${node} gave ${min}, though one before had given ${before}`)
      }
      if (before === undefined || max > before) before = max
    }
  }
}

/** Checks that ids are distinct. It gets all of them in ascending order, piece by piece. */
export class DistinctCheck {
  readonly #check: IdCheck
  #last: bigint | undefined

  constructor(check: IdCheck) {
    this.#check = check
  }

  look(sorted: BigUint64Array): void {
    if (sorted.length === 0) return
    if (sorted[0] === this.#last) this.#found(sorted[0]!)
    const words = wordsOf(sorted)
    for (let i = 2; i < words.length; i += 2) {
      if (words[i] === words[i - 2] && words[i + 1] === words[i - 1]) this.#found(sorted[i / 2]!)
    }
    this.#last = sorted[sorted.length - 1]
    this.#check.ids += sorted.length
  }

  #found(id: bigint): void {
    this.#check.duplicates++
    tell(this.#check, `${id} was given out twice`)
  }
}
