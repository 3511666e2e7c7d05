import { expect } from "bun:test"

/** Each id above the one before it. */
export function expectIncreasing(ids: readonly bigint[]): void {
  const at = ids.findIndex((id, i) => i > 0 && id <= ids[i - 1]!)
  if (at >= 0) expect(`id ${at} is ${ids[at]} after ${ids[at - 1]}`).toBe("increasing")
}

/** No id twice, in one list or in two. */
export function expectDistinct(lists: readonly (readonly bigint[])[]): void {
  const sorted = BigUint64Array.from(lists.flat()).sort()
  const at = sorted.findIndex((id, i) => i > 0 && id === sorted[i - 1])
  if (at >= 0) expect(`${sorted[at]} was given out twice`).toBe("distinct")
}
