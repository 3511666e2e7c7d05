import type { SimulationResult } from "./simulation.ts"
import { BrokenPromise } from "./world.ts"

/**
 * What went wrong with a seed, and the command that shows it again.
 * @param nodes the size of the cluster, if it was not left to the seed
 */
export function failureText({ seed, failure }: SimulationResult, nodes?: number): string {
  // A broken promise says which one it was; of any other error it matters where it was thrown.
  const what = failure instanceof BrokenPromise ? failure.message : failure?.stack
  const size = nodes === undefined ? "" : ` --nodes ${nodes}`
  return `seed ${seed}: ${what}\nreplay: npm run simulate -- --seed ${seed}${size} --trace`
}
