import { Op, keyHash } from "../../protocol/index.ts"
import type { Target } from "../../protocol/index.ts"

/** A destination as a request has it. */
export interface Destination {
  readonly op: Op
  readonly target: number
}

export function routeTo(target: Target): Destination {
  if ("random" in target) return { op: Op.RANDOM, target: 0 }
  // An id past the largest is let through, and answered UNKNOWN_NODE as it is for frames.
  if ("node" in target) return { op: Op.NODE, target: target.node }
  return { op: Op.KEY, target: keyHash(target.key) }
}
