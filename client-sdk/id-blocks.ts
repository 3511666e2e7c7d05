import type { Call } from "./call.ts"
import type { FirnError } from "./errors.ts"

/**
 * The ids of all blocks that these calls ask for, each above the one before. As soon as one block
 * cannot be had, the other calls fail with its error.
 */
export async function collectIds(calls: readonly Call<bigint>[]): Promise<bigint[]> {
  try {
    const firsts = await Promise.all(calls.map(({ promise }) => promise))
    const blocks = firsts.map((first, i) => ({ first, count: calls[i]!.count }))
    // Blocks of several servers come in any order. Within a block ids are consecutive.
    blocks.sort((a, b) => (a.first < b.first ? -1 : 1))
    return blocks.flatMap(({ first, count }) => consecutive(first, count))
  } catch (error) {
    for (const call of calls) call.fail(error as FirnError)
    throw error
  }
}

function consecutive(first: bigint, count: number): bigint[] {
  let id = first
  return Array.from({ length: count }, () => id++)
}
