import { resolve } from "node:path"

/** The root of the checkout. */
export const ROOT: string = resolve(import.meta.dir, "../..")

/** Relative to the root. */
export const JUNIT_PATH = "reports/junit.xml"
export const LCOV_PATH = "coverage/lcov.info"

/** CI sets it; there a skipped test is a failed one. */
export const IN_CI: boolean = process.env["CI"] === "true"

/** Files under the root, sorted, as paths relative to it. */
export function filesOf(pattern: string): string[] {
  return [...new Bun.Glob(pattern).scanSync({ cwd: ROOT })].toSorted()
}
