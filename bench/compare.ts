/*
 * `npm run bench:compare -- A.json B.json`: what changed from A to B beyond the noise. For those who
 * are about to change the hot path: measure, change, measure again, compare.
 */
import { compareResults } from "./comparison.ts"
import type { Change } from "./comparison.ts"
import { ratioText } from "./report.ts"
import { EXIT_USAGE, readResults } from "./results-file.ts"

function changeLine({ what, before, after, gain }: Change): string {
  const percent = Math.round(Math.abs(gain - 1) * 100)
  return `${gain > 1 ? "better" : "worse "} by ${percent} %  ${what}: ${ratioText(before)} -> ${ratioText(after)}`
}

const [pathA, pathB] = Bun.argv.slice(2)
if (pathA === undefined || pathB === undefined) {
  console.error("usage: npm run bench:compare -- BEFORE.json AFTER.json")
  process.exit(EXIT_USAGE)
}
const [before, after] = await Promise.all([readResults(pathA), readResults(pathB)])
const { changes, compared, unmatched } = compareResults(before, after)
for (const change of changes.toSorted((a, b) => a.gain - b.gain)) console.log(changeLine(change))
console.log(`${changes.length} of ${compared} figures changed beyond the noise`)
if (unmatched.length > 0) console.log(`only in one of the two: ${unmatched.join("; ")}`)
if (before.quick || after.quick) console.log("one of the two is a quick run: too short to trust")
if (before.machine.cpu !== after.machine.cpu) {
  console.log(`not the same machine: ${before.machine.cpu}, ${after.machine.cpu}`)
}
