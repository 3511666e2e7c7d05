const FIRST_MS = 50
const CAP_MS = 2_000

/**
 * How long to wait before the next attempt to connect. It doubles from 50 ms up to 2 s. Up to half
 * of it is left off at random, so that those who lost a server together do not return together.
 * @param attempt 0 for the first after a loss
 * @param random uniform in [0, 1)
 */
export function backoffMs(attempt: number, random: number): number {
  const delayMs = Math.min(FIRST_MS * 2 ** attempt, CAP_MS)
  return delayMs * (0.5 + random / 2)
}
