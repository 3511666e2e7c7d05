const FIRST_MS = 50
/** The longest wait, unless there is reason for another. */
export const BACKOFF_CAP_MS = 2_000

/**
 * How long to wait before the next attempt to connect. It doubles from 50 ms up to a cap. Up to half
 * of it is left off at random, so that those who lost a server together do not return together.
 * @param attempt 0 for the first after a loss
 * @param random uniform in [0, 1)
 */
export function backoffMs(attempt: number, random: number, capMs: number = BACKOFF_CAP_MS): number {
  const delayMs = Math.min(FIRST_MS * 2 ** attempt, capMs)
  return delayMs * (0.5 + random / 2)
}
