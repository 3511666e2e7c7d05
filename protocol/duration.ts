const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** A time for people: in milliseconds, and from two hours on in what they count in. */
export function durationText(ms: number): string {
  if (ms < 2 * HOUR_MS) return `${ms} ms`
  if (ms < 2 * DAY_MS) return `${Math.round(ms / HOUR_MS)} hours`
  return `${Math.round(ms / DAY_MS).toLocaleString("en")} days`
}
