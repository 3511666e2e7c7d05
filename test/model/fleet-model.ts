import { join } from "node:path"
import { check_spec_with_cfg, initSync } from "tla-checker"
import { ROOT } from "../support/paths.ts"

const MODULE = join(ROOT, "server/storage/etcd/fleet.tla")
const CHECKER = join(ROOT, "node_modules/tla-checker/tla_checker_bg.wasm")
/** More states than any configuration here has. */
const STATES_MAX = 20_000_000
const STEPS_MAX = 100

/** What keeps ids unique in a fleet. Each can be taken away, to see that it is needed. */
export const GUARDS = ["GuardRevisions", "GuardOwner", "GuardLater", "WaitForAnswer"] as const
export type Guard = (typeof GUARDS)[number]

/** What is said of every state: two promises, and that no two processes have given out ids. */
export type Invariant = "Unique" | "Covered" | "Alone"

/** How large a world is explored. */
export interface ModelSize {
  readonly processes: number
  /** Times go from 0 to this. */
  readonly timeMax: number
  /** How many writes etcd takes. */
  readonly revisionMax: number
}

/** The smallest world where each guard counts. */
export const GUARDED: ModelSize = { processes: 2, timeMax: 3, revisionMax: 4 }

export interface Exploration {
  /** How many different states were reached. */
  readonly states: number
  /** The states that lead to one where an invariant is false, as text; undefined when all hold. */
  readonly counterexample: readonly string[] | undefined
}

interface Verdict {
  readonly success: boolean
  readonly error_type: string | null
  readonly error_message: string | null
  readonly states_explored: number
  readonly trace: readonly string[] | null
}

/**
 * Explores every state that the specification of a fleet can reach, up to the first where one of the
 * invariants is false.
 * @param without the guard that is taken away
 * @throws Error when not all states were explored
 */
export async function exploreFleet(
  size: ModelSize,
  invariants: readonly Invariant[],
  without?: Guard,
): Promise<Exploration> {
  initSync({ module: await Bun.file(CHECKER).arrayBuffer() })
  const specification = await Bun.file(MODULE).text()
  const settings = configuration(size, invariants, without)
  const json = check_spec_with_cfg(
    specification,
    settings,
    "{}",
    STATES_MAX,
    STEPS_MAX,
    true,
    false,
  )
  const verdict = JSON.parse(json) as Verdict
  const { success, error_type: errorType, states_explored: states, trace } = verdict
  if (success) return { states, counterexample: undefined }
  if (errorType !== "InvariantViolation" || trace === null) {
    throw new Error(`${errorType}: ${verdict.error_message}`)
  }
  return { states, counterexample: trace.join("\n").split(/\n(?=State )/) }
}

function configuration(
  { processes, timeMax, revisionMax }: ModelSize,
  invariants: readonly Invariant[],
  without?: Guard,
): string {
  const names = Array.from({ length: processes }, (_, index) => `p${index + 1}`)
  const guards = GUARDS.map((guard) => `${guard} = ${guard === without ? "FALSE" : "TRUE"}`)
  return `
    SPECIFICATION Spec
    INVARIANTS ${invariants.join(" ")}
    CONSTANTS
      Processes = {${names.join(", ")}}
      TimeMax = ${timeMax}
      Reserve = 1
      RevisionMax = ${revisionMax}
      ${guards.join("\n")}
  `
}
