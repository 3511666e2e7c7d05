/* Prints the counts of the last `npm test`, out of its report. */
import { join } from "node:path"
import { countCases, countLine, parseJunit } from "./junit.ts"
import { IN_CI, JUNIT_PATH, ROOT } from "./paths.ts"

const counts = countCases(parseJunit(await Bun.file(join(ROOT, JUNIT_PATH)).text()), IN_CI)
console.log(countLine(counts))
process.exitCode = counts.failed === 0 ? 0 : 1
