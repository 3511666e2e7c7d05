import { seededRandom } from "../support/virtual-environment.ts"

export type Weighted<T> = readonly { readonly item: T; readonly weight: number }[]

/** Chance, the same for the same seed. */
export class Random {
  /** Uniform in [0, 1). */
  readonly next: () => number

  constructor(seed: number) {
    this.next = seededRandom(seed)
  }

  /** Both ends included. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }

  between(min: number, max: number): number {
    return min + this.next() * (max - min)
  }

  /**
   * From `min`, which is above 0, to `max`, each order of magnitude as likely as the next. Made of
   * exact steps alone, so that it is the same on every machine.
   */
  spread(min: number, max: number): number {
    let doublings = 0
    while (min * 2 ** doublings < max) doublings++
    if (doublings === 0) return min
    return Math.min(max, min * 2 ** this.whole(0, doublings - 1) * (1 + this.next()))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)]!
  }

  /** Every item as often as its weight says. */
  weighted<T>(items: Weighted<T>): T {
    let sum = 0
    for (const { weight } of items) sum += weight
    let left = this.next() * sum
    let at = 0
    while (at < items.length - 1 && left >= items[at]!.weight) left -= items[at++]!.weight
    return items[at]!.item
  }
}
