import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { GUARDED, GUARDS, exploreFleet } from "./fleet-model.ts"
import type { ModelSize } from "./fleet-model.ts"

setDefaultTimeout(60_000)

/** The smallest world where an id goes from one process to another. */
const SMALL: ModelSize = { processes: 2, timeMax: 2, revisionMax: 4 }

describe("the specification of a fleet", () => {
  test("gives no id twice", async () => {
    const { counterexample, states } = await exploreFleet(SMALL, ["Unique", "Covered"])
    expect(counterexample).toBeUndefined()
    expect(states).toBeGreaterThan(1_000)
  })

  test("has both processes give out ids, so that these tests cannot pass on nothing", async () => {
    const { counterexample } = await exploreFleet(SMALL, ["Alone"])
    expect(counterexample!.length).toBeGreaterThan(5)
  })

  test.each(GUARDS)("gives an id twice without %s", async (guard) => {
    const { counterexample } = await exploreFleet(GUARDED, ["Unique"], guard)
    expect(counterexample!.length).toBeGreaterThan(5)
  })
})
