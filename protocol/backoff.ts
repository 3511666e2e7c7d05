const FIRST_MS = 50
const CAP_MS = 2_000

/**
 * How long to wait before the next attempt to connect: doubling from 50 ms to a cap of 2 s, of which
 * a random half is left off, so that the nodes that lost a peer together do not return together.
 * @param attempt 0 for the first after a loss
 * @param random uniform in [0, 1)
 */
export function backoffMs(attempt: number, random: number): number {
  // Beyond 2^10 the cap has long been reached; the exponent is kept small all the same.
  const delayMs = Math.min(FIRST_MS * 2 ** Math.min(attempt, 10), CAP_MS)
  return delayMs * (0.5 + random / 2)
}
