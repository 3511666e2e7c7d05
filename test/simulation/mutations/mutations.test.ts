import { describe, expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { ROOT } from "../../support/paths.ts"
import { Mutant, mutated } from "./mutant.ts"
import { MUTATIONS } from "./mutations.ts"

const README = readFileSync(join(ROOT, "test/simulation/README.md"), "utf8")

describe("the mistakes", () => {
  test.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))(
    "still fit the server: %s",
    (_, mutation) => {
      const source = readFileSync(join(ROOT, mutation.file), "utf8")
      expect(mutated(source, mutation)).not.toBe(source)
    },
  )

  test("are refused when their text has gone, or stands in several places", () => {
    const mutation = { name: "a to b", file: "file.ts", text: "a", replacement: "b" }
    expect(mutated("cac", mutation)).toBe("cbc")
    expect(() => mutated("ccc", mutation)).toThrow(
      '"a to b" fits file.ts in 0 places, not in one: a',
    )
    expect(() => mutated("aca", mutation)).toThrow("in 2 places")
  })

  test("stand in the table, each found within 1,000 seeds", () => {
    const rows = [...README.matchAll(/^\| (.+?) +\| (?:server|protocol)\/\S+ +\| +(\d+) /gm)]
    expect(rows.map(([, name]) => name!)).toEqual(MUTATIONS.map(({ name }) => name))
    for (const [, , seeds] of rows) expect(Number(seeds)).toBeWithin(1, 1_001)
  })
})

test("a mistake is found, and the command that is printed then shows it again", () => {
  const mutant = new Mutant()
  const mutation = MUTATIONS.find(({ name }) => name === "the sequence wraps")!
  mutant.having(mutation, () => {
    const { exitCode, output } = mutant.simulate(["--seeds", "100"])
    expect(exitCode).toBe(1)
    const [, seed, what] = /^seed (\d+): (.*)$/m.exec(output)!
    expect(what).toContain("a block is of two times")
    const [, replay] = /^replay: npm run simulate -- (.*)$/m.exec(output)!
    expect(replay).toBe(`--seed ${seed} --trace`)
    const again = mutant.simulate(replay!.split(" "))
    expect(again.exitCode).toBe(1)
    expect(again.output).toContain(`seed ${seed}: ${what}\n`)
    expect(again.output).toContain(" gives out time ")
  })
  mutant.remove()
})
