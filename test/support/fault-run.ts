import { writeSync } from "node:fs"

/** Set by `npm run test:faults`: the scenarios are as long as the promise says. */
const IS_LONG = process.env["FIRN_LONG"] === "1"

/** A test of a long form may take this long. */
export const SCENARIO_TIMEOUT_MS: number = IS_LONG ? 240_000 : 60_000

/** How much of something a scenario does: in `npm test`, and in `npm run test:faults`. */
export function sized<T>(short: T, long: T): T {
  return IS_LONG ? long : short
}

/** What a scenario has counted, by what it is. */
export type Counts = Readonly<Record<string, number | string>>

/** Shows what a scenario has counted, or has so far; the long form only, on standard error. */
export function report(scenario: string, counts: Counts): void {
  if (!IS_LONG) return
  const parts = Object.entries(counts).map(([what, count]) => {
    return `${typeof count === "number" ? count.toLocaleString("en") : count} ${what}`
  })
  // At once: a test that never yields must not hold it back.
  writeSync(2, `  ${scenario}: ${parts.join(", ")}\n`)
}

/** Calls `run` so many times and shows how far it is every five seconds. */
export async function repeat(
  scenario: string,
  what: string,
  times: number,
  run: (number: number) => Promise<void>,
): Promise<void> {
  let shownMs = performance.now()
  for (let number = 0; number < times; number++) {
    await run(number)
    const now = performance.now()
    if (now - shownMs < 5_000) continue
    shownMs = now
    report(scenario, { [`of ${times} ${what} so far`]: number + 1 })
  }
}
