import { describe, expect, test } from "bun:test"
import { judge, verdictLine } from "../../bench/targets.ts"
import type { Target } from "../../bench/targets.ts"
import { figureOf, resultsOf } from "./figures.ts"

const results = resultsOf(
  figureOf("deep", { Firn: [90, 80, 100], floor: [100, 100, 100] }),
  figureOf("an id", { Firn: [14, 15, 30] }, { unit: "ns" }),
)

function lineOf(target: Target): string | undefined {
  return judge(results, [target]).map(verdictLine)[0]
}

describe("a target", () => {
  test("that is a ratio is judged by the median of the rounds", () => {
    const ratio = { figure: "deep", ratioTo: "floor" }
    expect(lineOf({ ...ratio, atLeast: 0.9 })).toStartWith(
      "met     deep: 0.90 (0.80-1.00) of floor",
    )
    expect(lineOf({ ...ratio, atLeast: 0.91 })).toStartWith("missed  deep: 0.90")
  })

  test("that is a number is judged by it, upper bounds too", () => {
    expect(lineOf({ figure: "an id", atMost: 15 })).toBe(
      "met     an id: 15 ns (14-30), at most 15 wanted",
    )
    expect(lineOf({ figure: "an id", atMost: 14 })).toStartWith("missed")
  })

  test("whose figure or rival was not measured is neither met nor missed", () => {
    expect(judge(results, [{ figure: "shallow", atLeast: 1 }])).toEqual([])
    expect(judge(results, [{ figure: "deep", ratioTo: "rival", atLeast: 1 }])).toEqual([])
  })
})
