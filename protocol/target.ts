import { InputError } from "./errors.ts"

/** Who is asked for ids. */
export type Target =
  { readonly random: true } | { readonly node: number } | { readonly key: string }

const NODE = /^(?:node:)?(0|[1-9][0-9]{0,8})$/
const KEY = "key:"
/** So much of what is wrong is shown. */
const SHOWN_MAX = 60

/**
 * Reads `random`, a node id (`7` or `node:7`), or `key:` and a text: on the command line, over HTTP
 * and in lines of text alike. Whether there is such a node is for others to say.
 * @throws InputError when it is none of them
 */
export function parseTarget(text: string): Target {
  if (text === "random") return { random: true }
  const [, node] = NODE.exec(text) ?? []
  if (node !== undefined) return { node: Number(node) }
  if (text.startsWith(KEY) && text.length > KEY.length) return { key: text.slice(KEY.length) }
  const shown = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text
  throw new InputError(
    `"${shown}" is no target: it is random, a node id such as 7 or node:7, or key:TEXT`,
  )
}
