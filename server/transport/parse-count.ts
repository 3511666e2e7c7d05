import { COUNT_MAX, InputError } from "../../protocol/index.ts"

/**
 * How many ids a request asks for, out of its text.
 * @throws InputError naming `what` when it is no whole number from 1 to 4,096
 */
export function parseCount(text: string, what = "count"): number {
  const count = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0
  if (count >= 1 && count <= COUNT_MAX) return count
  throw new InputError(`${what} "${text}" is not a whole number from 1 to ${COUNT_MAX}`)
}
