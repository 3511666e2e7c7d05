import { describe, expect, test } from "bun:test"
import { STATUSES } from "../../protocol/index.ts"
import type { StatusName } from "../../protocol/index.ts"
import { ROOT } from "../support/paths.ts"
import { failureText } from "./failure-text.ts"
import { simulate } from "./simulation.ts"
import type { SimulationResult } from "./simulation.ts"

const FIXED_SEEDS = 200
const FRESH_SEEDS = 50
/** How many seeds one test runs, as each test has a time limit. */
const CHUNK = 25

/** @throws Error with the seed and the command that shows again what went wrong */
function runs(seeds: readonly number[]): SimulationResult[] {
  return seeds.map((seed) => {
    const result = simulate({ seed })
    if (result.failure !== undefined) throw new Error(failureText(result))
    return result
  })
}

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i)
}

describe("a cluster keeps its promises", () => {
  const chunks = range(0, FIXED_SEEDS / CHUNK).map((chunk) => 1 + chunk * CHUNK)
  test.each(chunks)(`with the ${CHUNK} seeds from %i on`, (from) => {
    const nodes = runs(range(from, CHUNK)).map((result) => result.nodes)
    expect(Math.min(...nodes)).toBeGreaterThanOrEqual(1)
    expect(Math.max(...nodes)).toBeLessThanOrEqual(7)
  })

  test.each([1, 2])(`with ${FRESH_SEEDS / 2} seeds that nobody has seen before (%i)`, () => {
    const seeds = crypto.getRandomValues(new Uint32Array(FRESH_SEEDS / 2))
    expect(runs([...seeds]).length).toBe(FRESH_SEEDS / 2)
  })

  test("that has 1,024 nodes", () => {
    const result = simulate({ seed: 1, nodes: 1_024 })
    if (result.failure !== undefined) throw new Error(failureText(result, 1_024))
    expect(result.nodes).toBe(1_024)
    expect(result.answers).toBeGreaterThan(500)
  })
})

describe("a seed", () => {
  test("runs the same way each time, whatever ran in between", () => {
    const once = runs(range(1, 10))
    const again = runs(range(1, 10).toReversed()).toReversed()
    expect(again).toEqual(once)
    expect(new Set(once.map(({ hash }) => hash)).size).toBe(10)
  })

  test("runs the same way with a trace, which has all that happens in it", () => {
    const lines: string[] = []
    const traced = simulate({ seed: 5, trace: (line) => lines.push(line) })
    expect(traced).toEqual(simulate({ seed: 5 }))
    const answers = lines.filter((line) => line.includes(" is answered "))
    expect(answers.length).toBe(traced.answers)
  })

  test("runs the same way in a process of its own, by the command that replays it", () => {
    const run = Bun.spawnSync(["npm", "run", "--silent", "simulate", "--", "--seed", "5"], {
      cwd: ROOT,
    })
    expect(run.stdout.toString()).toContain(`trace hash ${simulate({ seed: 5 }).hash}\n`)
    expect(run.exitCode).toBe(0)
  })
})

test("the runs get to see every status", () => {
  const seen = new Set<string>()
  for (const { statuses } of runs(range(1, 80))) {
    for (const [status, count] of statuses.entries()) if (count > 0) seen.add(nameOf(status))
  }
  expect([...seen].sort()).toEqual(STATUSES.map(({ name }) => name).toSorted())
})

function nameOf(status: number): StatusName {
  return STATUSES[status]!.name
}
