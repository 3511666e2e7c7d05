import { InputError, Op, keyHash } from "../../../protocol/index.ts"
import { parseCount } from "../parse-count.ts"

/** A request for ids as a query string says it. */
export interface IdsQuery {
  readonly op: Op
  readonly target: number
  /** undefined: one id, and not a list of one */
  readonly count: number | undefined
}

const ONE_LOCAL: IdsQuery = { op: Op.LOCAL, target: 0, count: undefined }

/**
 * The query of `/lunique`: `n`.
 * @throws InputError with a sentence for the client
 */
export function parseLocalQuery(query: string): IdsQuery {
  if (query === "") return ONE_LOCAL
  return { ...ONE_LOCAL, count: countOf(new URLSearchParams(query)) }
}

/**
 * The query of `/dunique`: `n`, and `target` or `key`; without those it is as `/lunique`.
 * @throws InputError with a sentence for the client
 */
export function parseRoutedQuery(query: string): IdsQuery {
  if (query === "target=random") return { op: Op.RANDOM, target: 0, count: undefined }
  const parameters = new URLSearchParams(query)
  const count = countOf(parameters)
  const target = parameters.get("target")
  const key = parameters.get("key")
  if (key !== null && target !== null) throw new InputError("give a target or a key, not both")
  if (key !== null) return { op: Op.KEY, target: keyHash(nonEmpty("key", key)), count }
  if (target === null) return { ...ONE_LOCAL, count }
  if (target === "random") return { op: Op.RANDOM, target: 0, count }
  if (!/^[0-9]+$/.test(target)) {
    return { op: Op.KEY, target: keyHash(nonEmpty("target", target)), count }
  }
  // An id past the largest is let through, and answered UNKNOWN_NODE as it is for frames.
  if (target.length <= 9) return { op: Op.NODE, target: Number(target), count }
  throw new InputError(`target "${target}" is no node id; a key of digits is given as key=…`)
}

function countOf(parameters: URLSearchParams): number | undefined {
  const n = parameters.get("n")
  return n === null ? undefined : parseCount(n, "n")
}

function nonEmpty(name: string, text: string): string {
  if (text === "") throw new InputError(`${name} is empty: give random, a node id or a key`)
  return text
}
