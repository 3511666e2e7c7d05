import { describe, expect, test } from "bun:test"
import { REFUSED, countCases, countLine, isRefused, parseJunit, withFailures } from "./junit.ts"

/** Written by `bun test --parallel`: every outcome there is, a crash, and a file that would not load. */
const report = await Bun.file(new URL("../fixtures/report/junit.xml", import.meta.url)).text()

describe("a report of Bun", () => {
  const cases = parseJunit(report)
  const named = (outcome: string): string[] =>
    cases.filter((one) => one.outcome === outcome).map((one) => one.name)

  test("tells which tests passed, failed and were skipped, by the names of their groups", () => {
    expect(named("passed")).toEqual([
      "before",
      "passes",
      "has <angle> & \"quotes\" 'and' \n a line end > é ❄",
      "was to fail and does",
      "outer > inner > case 1",
      "outer > inner > case 2",
    ])
    expect(named("failed")).toEqual([
      "(worker crashed)",
      "fails",
      "throws",
      "times out",
      "was to fail and passes",
    ])
    expect(named("skipped")).toEqual([
      "is skipped",
      "is to be written",
      "outer > inner > is skipped too",
      "a skipped group > never runs",
    ])
  })

  test("tells where each test stands", () => {
    expect(new Set(cases.map(({ file }) => file))).toEqual(
      new Set(["test/crash.test.ts", "test/outcomes.test.ts"]),
    )
    const inner = cases.find(({ name }) => name.endsWith("is skipped too"))
    expect(inner).toMatchObject({ file: "test/outcomes.test.ts", line: 14 })
  })

  test("agrees with the sums that Bun wrote into it", () => {
    const [, tests, failures, skipped] =
      /<testsuites .*? tests="(\d+)".* failures="(\d+)" skipped="(\d+)"/.exec(report) ?? []
    const counts = countCases(cases, false)
    expect(cases.length).toBe(Number(tests))
    expect(counts.failed).toBe(Number(failures))
    expect(counts.skipped).toBe(Number(skipped))
  })

  test("cut off anywhere is refused and never taken for a shorter one", () => {
    const end = report.lastIndexOf("</testsuites>")
    for (let length = 0; length < end; length += 7) {
      expect(() => parseJunit(report.slice(0, length)), `${length} bytes`).toThrow()
    }
  })
})

describe("the parser", () => {
  const outcomes = (inside: string): string[] =>
    parseJunit(`<testsuites>${inside}</testsuites>`).map(({ outcome }) => outcome)

  test("counts an <error> as a failure, and a test with several failures once", () => {
    expect(outcomes('<testcase name="a"><error/></testcase>')).toEqual(["failed"])
    expect(outcomes('<testcase name="a"><failure/><failure>x</failure></testcase>')).toEqual([
      "failed",
    ])
    expect(outcomes('<testcase name="a"><failure/><skipped/></testcase>')).toEqual(["failed"])
  })

  test("keeps the outcome of one test apart from that of the next", () => {
    expect(
      outcomes('<testcase name="a"/><testcase name="b"><skipped/></testcase><testcase name="c"/>'),
    ).toEqual(["passed", "skipped", "passed"])
  })

  test("takes no element from texts, comments, CDATA or attributes", () => {
    expect(
      outcomes(
        `<testcase name='it says "<failure/>"'><system-out>&lt;failure/&gt;` +
          "<![CDATA[<failure/></testcase>]]><!-- <failure/> --></system-out></testcase>",
      ),
    ).toEqual(["passed"])
  })

  test("decodes named, decimal and hexadecimal entities once", () => {
    const [only] = parseJunit(
      '<testsuite><testcase name="&amp;lt; &#10052; &#x2744;"/></testsuite>',
    )
    expect(only?.name).toBe("&lt; ❄ ❄")
  })

  test.each(["", "no report", "<html></html>", "<testsuites></testsuite>", "</testsuites>"])(
    "refuses %j",
    (text) => {
      expect(() => parseJunit(text)).toThrow()
    },
  )
})

describe("failures added to a report", () => {
  const failure = { file: "test/unloadable.test.ts", name: 'no <result> & "so" on' }

  test("are read back beside the tests that were there", () => {
    const cases = parseJunit(withFailures(report, [failure, failure]))
    expect(cases.length).toBe(parseJunit(report).length + 2)
    expect(cases.at(-1)).toEqual({ ...failure, line: 0, outcome: "failed" })
  })

  test("make a report of their own when there is none", () => {
    expect(parseJunit(withFailures(undefined, [failure]))).toEqual([
      { ...failure, line: 0, outcome: "failed" },
    ])
  })
})

describe("the count line", () => {
  const cases = parseJunit(report)

  test("names skipped tests only when there are some", () => {
    expect(countLine(countCases(cases, false))).toBe("6 passed, 5 failed, 4 skipped")
    expect(countLine({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed")
  })

  test("counts skipped tests as failed where they are not allowed", () => {
    expect(countLine(countCases(cases, true))).toBe("6 passed, 9 failed")
  })

  test("leaves out, there, what was skipped because the kernel refuses it", () => {
    const skipped = { file: "a.test.ts", line: 1, outcome: "skipped" } as const
    const refused = { ...skipped, name: `a disk that fails (${REFUSED}: loop devices)` }
    const both = [refused, { ...skipped, name: "a tool that is missing" }]
    expect(both.map(isRefused)).toEqual([true, false])
    expect(countLine(countCases(both, true))).toBe("0 passed, 1 failed")
    expect(countLine(countCases(both, false))).toBe("0 passed, 0 failed, 2 skipped")
  })
})
