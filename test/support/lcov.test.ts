import { describe, expect, test } from "bun:test"
import { coverageMisses, lineRanges, parseLcov } from "./lcov.ts"

/** Written by `bun test --coverage`; of its two files one is run in part. */
const report = await Bun.file(new URL("../fixtures/report/lcov.info", import.meta.url)).text()

const INDEX = "server/generator/index.ts"
const LIB = "server/generator/lib.ts"

describe("the coverage that Bun writes", () => {
  const coverage = parseLcov(report)

  test("has each file with its lines that have code", () => {
    expect([...coverage.keys()]).toEqual([INDEX, LIB])
    expect(coverage.get(LIB)?.size).toBe(13)
    expect(coverage.get(LIB)?.get(5)).toBe(1)
    expect(coverage.get(LIB)?.get(3)).toBe(0)
    expect(coverage.get(LIB)?.has(4)).toBe(false)
  })

  test("agrees with the sums that Bun wrote into it", () => {
    const sums = [...report.matchAll(/^LF:(\d+)\nLH:(\d+)$/gm)].map(([, found, hit]) => [
      Number(found),
      Number(hit),
    ])
    const counted = [...coverage.values()].map((lines) => [
      lines.size,
      [...lines.values()].filter((hits) => hits > 0).length,
    ])
    expect(counted).toEqual(sums)
  })

  test("is refused when it ends inside a record", () => {
    expect(() => parseLcov(report.slice(0, report.lastIndexOf("LF:")))).toThrow("inside a record")
  })
})

test("records of the same file add up", () => {
  const record = "SF:a.ts\nDA:1,2\nDA:2,0\nend_of_record\n"
  const lines = parseLcov(record + record.replace("DA:2,0", "DA:2,3")).get("a.ts")
  expect(lines).toEqual(
    new Map([
      [1, 4],
      [2, 3],
    ]),
  )
})

test.each(["DA:1,1", "SF:a.ts\nDA:1", "SF:a.ts\nDA:one,1"])(
  "the row at the end of %j is refused",
  (text) => {
    expect(() => parseLcov(text)).toThrow("stray or bad row")
  },
)

describe("a file misses the floor", () => {
  const coverage = parseLcov(report)

  test("by its name, its percent and the lines that no test runs", () => {
    expect(coverageMisses(coverage, [INDEX, LIB], 95)).toEqual([
      { file: LIB, percent: expect.closeTo((7 / 13) * 100), uncovered: "3, 8-10, 20-21" },
    ])
  })

  test("only below it, not at it", () => {
    const lines = Array.from({ length: 20 }, (_, i) => `DA:${i + 1},${i === 0 ? 0 : 1}`)
    const text = ["SF:a.ts", ...lines, "end_of_record"].join("\n")
    expect(coverageMisses(parseLcov(text), ["a.ts"], 95)).toEqual([])
    const below = text.replace("DA:2,1", "DA:2,0")
    expect(coverageMisses(parseLcov(below), ["a.ts"], 95)).toMatchObject([{ uncovered: "1-2" }])
  })

  test("with 0 % when no test loads it", () => {
    expect(coverageMisses(coverage, ["server/routing/new.ts"], 95)).toEqual([
      { file: "server/routing/new.ts", percent: 0, uncovered: "all, no test loads it" },
    ])
  })

  test("never when it has no line of code", () => {
    const empty = parseLcov("SF:a.ts\nend_of_record\n")
    expect(coverageMisses(empty, ["a.ts"], 95)).toEqual([])
  })
})

test.each([
  [[], ""],
  [[7], "7"],
  [[1, 2], "1-2"],
  [[18, 5, 16, 17], "5, 16-18"],
])("the lines %j read %j", (lines, text) => {
  expect(lineRanges(lines)).toBe(text)
})
