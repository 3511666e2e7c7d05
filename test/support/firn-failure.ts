import { FirnError } from "../../client-sdk/index.ts"
import { within } from "./deadline.ts"

/**
 * The error a call ends with.
 * @throws Error when it succeeds, fails otherwise, or does not end
 */
export async function failureOf(call: Promise<unknown>): Promise<FirnError> {
  const ending = call.then(
    (result) => new Error(`it succeeded with ${Bun.inspect(result)}`),
    (error: unknown) => error,
  )
  const error = await within("a call to fail", ending)
  if (error instanceof FirnError) return error
  throw error
}

/** What has become of a call: its result, the code of its error, or undefined while it lasts. */
export function outcomeOf<Result>({
  promise,
}: {
  readonly promise: Promise<Result>
}): Result | string | undefined {
  const result = Bun.peek(promise) as Result | Promise<Result> | FirnError
  if (result instanceof FirnError) return result.code
  return result instanceof Promise ? undefined : result
}
