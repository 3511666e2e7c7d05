import { TIME_LIMIT, reservedUpTo } from "./reservation.ts"
import type { MarkStore } from "./reservation.ts"
import type { TrustedClock } from "./trusted-clock.ts"

/**
 * Stores the first mark of a process. A disk so slow that the clock has passed it meanwhile is asked
 * again.
 * @param mark the one that was found, milliseconds since the epoch
 * @returns the one that is stored now
 * @throws Error of the store
 */
export async function storeFirstMark(
  mark: number,
  epochMs: number,
  store: MarkStore,
  clock: TrustedClock,
): Promise<number> {
  for (;;) {
    const bound = reservedUpTo(clock.read() - epochMs, mark)
    await new Promise<void>((resolve, reject) => {
      store.extend(bound, (error) => (error === undefined ? resolve() : reject(error)))
    })
    if (bound >= TIME_LIMIT || bound > clock.read() - epochMs) return bound
  }
}
