import { blockName } from "../../support/id-block.ts"
import type { IdBlock } from "../../support/id-block.ts"
import { ordinal } from "../../support/issue-oracle.ts"

/** A process that gives out ids. */
export interface Giver {
  /** Whether the other one had the identity before this one was started. */
  isAfter(other: this): boolean
}

interface Given<G> {
  readonly count: number
  readonly giver: G
}

interface Span {
  first: number
  last: number
}

/**
 * All that one node has given out, by whichever of its processes: the ids of no two of them mix,
 * those of a later one are above those of an earlier one, and each block goes to one client.
 */
export class Claims<G extends Giver> {
  readonly #broken: (promise: string) => never
  readonly #spans = new Map<G, Span>()
  readonly #unclaimed = new Map<number, Given<G>>()

  /** @param broken called for the first promise that is not kept */
  constructor(broken: (promise: string) => never) {
    this.#broken = broken
  }

  given(block: IdBlock, giver: G): void {
    const first = ordinal(block)
    const last = first + block.count - 1
    const span = this.#spans.get(giver) ?? { first, last }
    span.last = last
    this.#spans.set(giver, span)
    for (const [other, its] of this.#spans) {
      if (other === giver) continue
      const isAbove = span.first > its.last && !other.isAfter(giver)
      const isBelow = span.last < its.first && !giver.isAfter(other)
      if (!isAbove && !isBelow) this.#breaks("the ids of two processes mix", block)
    }
    this.#unclaimed.set(first, { count: block.count, giver })
  }

  /** A client has been given this block. @returns who gave it out */
  claimed(block: IdBlock): G {
    const first = ordinal(block)
    const given = this.#unclaimed.get(first)
    if (given?.count !== block.count) {
      return this.#breaks("a client got what was not given out, or was given to another", block)
    }
    this.#unclaimed.delete(first)
    return given.giver
  }

  #breaks(promise: string, block: IdBlock): never {
    return this.#broken(`node ${block.node}: ${promise}: ${blockName(block)}`)
  }
}
