/*
 * npm run model: explores the specification of a fleet, whole and with each guard taken away.
 */
import { GUARDED, GUARDS, exploreFleet } from "./fleet-model.ts"
import type { Exploration, ModelSize } from "./fleet-model.ts"

const SIZES: readonly ModelSize[] = [
  { processes: 2, timeMax: 3, revisionMax: 6 },
  { processes: 3, timeMax: 2, revisionMax: 5 },
]

let isRight = true
for (const size of SIZES) {
  const exploration = await exploreFleet(size, ["Unique", "Covered"])
  console.log(`${sizeText(size)}: ${described(exploration)}`)
  for (const state of exploration.counterexample ?? []) console.log(state)
  isRight &&= exploration.counterexample === undefined
}
for (const guard of GUARDS) {
  const exploration = await exploreFleet(GUARDED, ["Unique"], guard)
  console.log(`${sizeText(GUARDED)}, without ${guard}: ${described(exploration)}`)
  isRight &&= exploration.counterexample !== undefined
}
process.exit(isRight ? 0 : 1)

function sizeText({ processes, timeMax, revisionMax }: ModelSize): string {
  return `${processes} processes, times 0 to ${timeMax}, ${revisionMax} writes`
}

function described({ states, counterexample }: Exploration): string {
  const explored = `${states.toLocaleString("en")} states`
  if (counterexample === undefined) return `no promise broken in ${explored}`
  return `a promise broken after ${counterexample.length - 1} steps, in ${explored}`
}
