import { expect, test } from "bun:test"
import { sealed } from "./sealed.ts"
import { simulate } from "./simulation.ts"

const REACHES: [string, () => unknown][] = [
  ["Date.now", () => Date.now()],
  ["performance.now", () => performance.now()],
  ["Math.random", () => Math.random()],
  ["setTimeout", () => setTimeout(() => {}, 0)],
  ["setImmediate", () => setImmediate(() => {})],
]

test.each(REACHES)(
  "whoever reaches for the real %s gets an error, and only meanwhile",
  (_, reach) => {
    expect(() => sealed(reach)).toThrow("was called in a simulation, which has its own")
    expect(reach).not.toThrow()
  },
)

test("a simulation that fails for that leaves the real ones as they were", () => {
  const { failure } = simulate({ seed: 1, trace: () => Date.now() })
  expect(failure?.message).toBe("now was called in a simulation, which has its own")
  expect(Date.now()).toBeGreaterThan(0)
})
