import { describe, expect, test } from "bun:test"
import type { Outcome, TestCase } from "./junit.ts"
import { caseText, lostResults } from "./verdict.ts"

const one = (file: string, outcome: Outcome = "passed"): TestCase => ({
  file,
  line: 3,
  name: "a test",
  outcome,
})

test("nothing is lost when every file has a result and the runner is content", () => {
  expect(lostResults([one("a"), one("b", "skipped")], ["a", "b"], 0)).toEqual([])
})

test("a failure that the report has is not told twice", () => {
  expect(lostResults([one("a", "failed")], ["a"], 1)).toEqual([])
})

describe("a run fails", () => {
  test("for every file without a result, by name", () => {
    const lost = lostResults([one("a")], ["a", "b", "c"], 0)
    expect(lost.map(({ file, outcome }) => [file, outcome])).toEqual([
      ["b", "failed"],
      ["c", "failed"],
    ])
  })

  test("when no test ran, whatever the exit code", () => {
    expect(lostResults([], [], 0)).toMatchObject([{ name: "no test ran (exit code 0)" }])
    expect(lostResults([], [], 137)).toMatchObject([{ name: "no test ran (exit code 137)" }])
  })

  test("when the runner says so though the report names no failure", () => {
    expect(lostResults([one("a")], [], 1)).toMatchObject([
      { file: "test", outcome: "failed", name: expect.stringContaining("exit code 1") },
    ])
  })
})

test("the text of a test names its file, its line when known, and itself", () => {
  expect(caseText(one("test/a.test.ts"))).toBe("test/a.test.ts:3  a test")
  expect(caseText({ ...one("test/a.test.ts"), line: 0 })).toBe("test/a.test.ts  a test")
})
