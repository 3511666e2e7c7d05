import { InputError, Op, parseTarget } from "../../../protocol/index.ts"
import { parseCount } from "../parse-count.ts"
import { routeTo } from "../route-to.ts"
import { parseQuery } from "./query.ts"

/** A request for ids as a query string says it. */
export interface IdsQuery {
  readonly op: Op
  readonly target: number
  /** undefined: one id, and not a list of one */
  readonly count: number | undefined
}

const ONE_LOCAL: IdsQuery = { op: Op.LOCAL, target: 0, count: undefined }
const ONE_RANDOM: IdsQuery = { op: Op.RANDOM, target: 0, count: undefined }

/**
 * The query of `/lunique`: `n`.
 * @throws InputError with a sentence for the client
 */
export function parseLocalQuery(query: string): IdsQuery {
  if (query === "") return ONE_LOCAL
  return { ...ONE_LOCAL, count: countOf(parseQuery(query, ["n"])) }
}

/**
 * The query of `/dunique`: `n`, and `target` or `key`; without those it is as `/lunique`.
 * @throws InputError with a sentence for the client
 */
export function parseRoutedQuery(query: string): IdsQuery {
  if (query === "target=random") return ONE_RANDOM
  const parameters = parseQuery(query, ["n", "target", "key"])
  const count = countOf(parameters)
  const target = parameters.get("target")
  const key = parameters.get("key")
  if (key !== undefined && target !== undefined) {
    throw new InputError("give a target or a key, not both")
  }
  if (key === "") throw new InputError("key is empty")
  if (key !== undefined) return { ...routeTo({ key }), count }
  if (target !== undefined) return { ...routeTo(parseTarget(target)), count }
  return { ...ONE_LOCAL, count }
}

function countOf(parameters: ReadonlyMap<string, string>): number | undefined {
  const n = parameters.get("n")
  return n === undefined ? undefined : parseCount(n, "n")
}
