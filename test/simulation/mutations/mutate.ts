/*
 * `npm run mutations`: makes each mistake of the list in a copy of the project, counts the seeds the
 * simulation needs to find it, and writes the table into README.md beside this file.
 */
import { join } from "node:path"
import { ROOT } from "../../support/paths.ts"
import { Mutant } from "./mutant.ts"
import { MUTATIONS } from "./mutations.ts"
import type { Mutation } from "./mutation.ts"

const SEEDS_MAX = 1_000
const README = join(ROOT, "test/simulation/README.md")
const TABLE = /(<!-- mutations -->\n)[^]*(<!-- end of mutations -->)/

interface Row {
  readonly mutation: Mutation
  /** The first that found it; undefined: none did. */
  readonly seed: number | undefined
  readonly found: string
}

function tryMutation(mutant: Mutant, mutation: Mutation): Row {
  const { output } = mutant.having(mutation, () => mutant.simulate(["--seeds", String(SEEDS_MAX)]))
  const [, seed, found] = /^seed (\d+): (.*)$/m.exec(output) ?? []
  if (seed === undefined) return { mutation, seed, found: output }
  const without = mutant.simulate(["--seed", seed])
  if (without.exitCode !== 0) throw new Error(`without the mistake too:\n${without.output}`)
  return { mutation, seed: Number(seed), found: found ?? output }
}

function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ mutation, seed, found }) => {
    // It does not matter which node it was, nor what its ids were.
    const what = found
      .replaceAll(/^node \d+: |: time \d+ node .*$/g, "")
      .replaceAll(/\d+/g, "N")
      .replaceAll("|", "\\|")
    return `| ${mutation.name} | ${mutation.file} | ${seed ?? "not found"} | ${what} |`
  })
  return [
    "| mistake | file | seeds | what broke |",
    "| --- | --- | --- | --- |",
    ...lines,
    "",
  ].join("\n")
}

const only = Bun.argv[2]
const chosen = MUTATIONS.filter(({ name }) => only === undefined || name.includes(only))
const mutant = new Mutant()
const rows: Row[] = []
try {
  for (const mutation of chosen) {
    const row = tryMutation(mutant, mutation)
    rows.push(row)
    console.log(`${String(row.seed ?? "none").padStart(5)}  ${mutation.name}: ${row.found}`)
  }
} finally {
  mutant.remove()
}
const missed = rows.filter(({ seed }) => seed === undefined).length
console.log(`${rows.length - missed} of ${rows.length} found within ${SEEDS_MAX} seeds`)
if (only === undefined) {
  const readme = await Bun.file(README).text()
  await Bun.write(
    README,
    readme.replace(TABLE, (_, begin, end) => `${begin}\n${tableOf(rows)}\n${end}`),
  )
  Bun.spawnSync([process.execPath, "fmt", "--no-script", README])
}
process.exitCode = missed === 0 ? 0 : 1
