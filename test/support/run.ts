/*
 * `npm test`: runs the tests and prints, last, `N passed, N failed`. Arguments go to `bun test`:
 *
 *   npm test -- ./test/protocol
 *
 * Without arguments it runs the whole suite: every test file has to report, and the coverage floor
 * has to be reached.
 */
import { mkdirSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { countCases, countLine, isRefused, parseJunit, withFailures } from "./junit.ts"
import type { TestCase } from "./junit.ts"
import { coverageMisses, parseLcov } from "./lcov.ts"
import type { Coverage } from "./lcov.ts"
import { IN_CI, JUNIT_PATH, LCOV_PATH, ROOT, filesOf } from "./paths.ts"
import { caseText, lostResults } from "./verdict.ts"

/** A test that takes longer has failed. */
const TEST_TIMEOUT_MS = 30_000
/** The runner cannot end a test that never yields, so a whole run has a bound as well. */
const RUN_TIMEOUT_MS = 20 * 60_000

/** The rooms that ids depend on: in each of their files this share of the lines has to be run. */
const COVERED_ROOMS = ["protocol", "server/generator", "server/routing"]
const COVERAGE_FLOOR_PERCENT = 95

const junitPath = join(ROOT, JUNIT_PATH)
const lcovPath = join(ROOT, LCOV_PATH)

/** Runs `bun test`; its output goes to the terminal. @returns its exit code */
async function runTests(args: readonly string[]): Promise<number> {
  // An old report must not stand in for one that was not written.
  rmSync(junitPath, { force: true })
  rmSync(lcovPath, { force: true })
  mkdirSync(dirname(junitPath), { recursive: true })
  const command = [
    process.execPath,
    "test",
    ...args,
    // One process a core. A test that ends its process fails; in one process it would end the run.
    "--parallel",
    // With a new global for each file, Bun 1.4.5 at times turns a text into bytes that are all
    // zero, once an earlier file has made the same code hot.
    "--no-isolate",
    `--timeout=${TEST_TIMEOUT_MS}`,
    "--reporter=junit",
    `--reporter-outfile=${JUNIT_PATH}`,
    "--coverage-reporter=lcov",
    `--coverage-dir=${dirname(LCOV_PATH)}`,
  ]
  const runner = Bun.spawn(command, {
    cwd: ROOT,
    stdio: ["inherit", "inherit", "inherit"],
    timeout: RUN_TIMEOUT_MS,
  })
  return runner.exited
}

async function readReport(): Promise<{ cases: TestCase[]; xml?: string }> {
  try {
    const xml = await Bun.file(junitPath).text()
    return { cases: parseJunit(xml), xml }
  } catch (error) {
    console.error(`${JUNIT_PATH} cannot be read: ${(error as Error).message}`)
    return { cases: [] }
  }
}

async function readCoverage(): Promise<Coverage | undefined> {
  try {
    return parseLcov(await Bun.file(lcovPath).text())
  } catch (error) {
    console.error(`${LCOV_PATH} cannot be read: ${(error as Error).message}`)
    return undefined
  }
}

/** Whether anything is left of a source when its types are gone. */
async function hasCode(file: string): Promise<boolean> {
  const source = await Bun.file(join(ROOT, file)).text()
  const code = new Bun.Transpiler({ loader: "ts" }).transformSync(source).trim()
  return code !== "" && code !== "export {};"
}

/** Prints which files miss the floor. @returns whether there are none */
async function isCovered(): Promise<boolean> {
  const coverage = await readCoverage()
  if (coverage === undefined) return false
  const required: string[] = []
  for (const file of COVERED_ROOMS.flatMap((room) => filesOf(`${room}/**/*.ts`))) {
    if (coverage.has(file) || (await hasCode(file))) required.push(file)
  }
  const misses = coverageMisses(coverage, required, COVERAGE_FLOOR_PERCENT)
  for (const { file, percent, uncovered } of misses) {
    // Rounded down: 94.99 must not read as if it were enough.
    const shown = (Math.floor(percent * 10) / 10).toFixed(1)
    console.error(
      `coverage  ${file}  ${shown} % of lines, ${COVERAGE_FLOOR_PERCENT} % needed; ` +
        `not run: ${uncovered}`,
    )
  }
  return misses.length === 0
}

const args = Bun.argv.slice(2)
const isWhole = args.length === 0
const exitCode = await runTests(isWhole ? ["./test"] : args)

const { cases, xml } = await readReport()
const lost = lostResults(cases, isWhole ? filesOf("test/**/*.test.ts") : [], exitCode)
if (lost.length > 0) await Bun.write(junitPath, withFailures(xml, lost))
const all = [...cases, ...lost]

console.error("")
for (const test of all) {
  if (test.outcome === "failed") console.error(`failed  ${caseText(test)}`)
  if (isRefused(test)) console.error(`not run here  ${caseText(test)}`)
  else if (test.outcome === "skipped" && IN_CI) {
    console.error(`skipped, which CI takes for a failure  ${caseText(test)}`)
  }
}
const counts = countCases(all, IN_CI)
let ok = counts.failed === 0 && exitCode === 0
// After a run that failed the coverage says nothing: a process that crashed has left none.
if (ok && isWhole) ok = await isCovered()
console.log(countLine(counts))
process.exitCode = ok ? 0 : 1
