import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { GUARDS, exploreFleet } from "./fleet-model.ts"
import type { ModelSize } from "./fleet-model.ts"

setDefaultTimeout(60_000)

/** The smallest worlds that have an id go from one process to another, and where each guard counts. */
const SMALL: ModelSize = { processes: 2, timeMax: 2, revisionMax: 4 }
const LARGER: ModelSize = { processes: 2, timeMax: 3, revisionMax: 4 }

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
    const { counterexample } = await exploreFleet(LARGER, ["Unique"], guard)
    expect(counterexample!.length).toBeGreaterThan(5)
  })
})
