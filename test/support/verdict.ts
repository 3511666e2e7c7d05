import type { TestCase } from "./junit.ts"

/**
 * What went wrong in a run and is not in its report, as tests that failed: a file that could not be
 * loaded is not in the report, nor is anything after a crash of the runner.
 * @param expectedFiles the test files that were to be run, as far as that is known
 */
export function lostResults(
  cases: readonly TestCase[],
  expectedFiles: readonly string[],
  exitCode: number,
): TestCase[] {
  const reported = new Set(cases.map(({ file }) => file))
  const lost = expectedFiles
    .filter((file) => !reported.has(file))
    .map((file) => failure(file, "no result: it could not be loaded, has no test, or never ran"))
  if (lost.length > 0) return lost
  if (cases.length === 0) return [failure("test", `no test ran (exit code ${exitCode})`)]
  if (exitCode !== 0 && cases.every(({ outcome }) => outcome !== "failed")) {
    return [failure("test", `the test runner ended with exit code ${exitCode}, though none failed`)]
  }
  return []
}

function failure(file: string, name: string): TestCase {
  return { file, line: 0, name, outcome: "failed" }
}

/** Where a test stands and what it is called, in one line. */
export function caseText({ file, line, name }: TestCase): string {
  return `${line === 0 ? file : `${file}:${line}`}  ${name}`
}
