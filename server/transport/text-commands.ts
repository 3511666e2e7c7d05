import {
  COUNT_MAX,
  NODE_ID_MAX,
  Op,
  STATUSES,
  Status,
  decimalText,
  decodeId,
  idUnixMs,
  keyHash,
} from "../../protocol/index.ts"
import { refusalText } from "../routing/local-node.ts"
import type { LocalNode } from "../routing/local-node.ts"
import { blockText } from "./block-text.ts"

/** The command has to wait for the generator; nothing was answered. */
export const LATER = undefined

const HELP = `lunique [count]                                   the next id(s) of this node, one a line
dunique [random|node <id>|key <text>] [count]     the same from a random node, a named one, or a key's owner
decode <id>                                       time, node and sequence of an id
ping | epoch | clock                              node and start number, epoch, wall clock
help                                              this text
quit                                              closes the connection
count is 1 to ${COUNT_MAX}`

interface Route {
  readonly op: Op
  readonly target: number
  /** Words that are left: at most a count. */
  readonly rest: readonly string[]
}

/** Answers one line: text of one or more lines, the last without its ending; or `LATER`. */
export function answerLine(node: LocalNode, line: string): string | typeof LATER {
  const [command = "", ...words] = line.trim().split(/\s+/)
  try {
    switch (command) {
      case "lunique":
        return takeIds(node, { op: Op.LOCAL, target: 0, rest: words })
      case "dunique":
        return takeIds(node, parseRoute(words))
      case "decode":
        return decode(node, words)
      case "ping":
        return ask(node, Op.PING, words)
      case "epoch":
        return ask(node, Op.EPOCH, words)
      case "clock":
        return ask(node, Op.CLOCK, words)
      case "help":
        return HELP
      default:
        return badRequest(unknownCommand(command))
    }
  } catch (error) {
    if (error instanceof RangeError) return badRequest(error.message)
    throw error
  }
}

/** What came in may be quoted in `what`; control characters would garble a terminal. */
export function badRequest(what: string): string {
  return `ERR BAD_REQUEST ${what.replaceAll(/\p{Cc}/gu, "?")}`
}

function unknownCommand(command: string): string {
  if (command === "") return "empty line; try help"
  // What came in is shown back only where it cannot garble a terminal.
  const shown = command.slice(0, 40).replaceAll(/[^\x20-\x7e]/g, "?")
  return `unknown command "${shown}"; try help`
}

function takeIds(node: LocalNode, route: Route): string | typeof LATER {
  if (route.rest.length > 1) throw new RangeError(`"${route.rest[1]}" is one word too many`)
  const count = parseCount(route.rest[0] ?? "1")
  if (!node.answer(route.op, 0, count, route.target)) return LATER
  if (node.status !== Status.OK) return refusal(node)
  return blockText(node.high, node.low, count).trimEnd()
}

function ask(node: LocalNode, op: Op, words: readonly string[]): string {
  if (words.length > 0) throw new RangeError(`"${words[0]}" is one word too many`)
  node.answer(op, 0, 0, 0)
  return node.status === Status.OK ? decimalText(node.high, node.low) : refusal(node)
}

function refusal(node: LocalNode): string {
  return `ERR ${STATUSES[node.status]?.name} ${refusalText(node)}`
}

function decode(node: LocalNode, words: readonly string[]): string {
  const [text] = words
  if (text === undefined || words.length > 1) throw new RangeError("decode takes one id")
  const { time, node: nodeId, sequence } = decodeId(text)
  const at = new Date(idUnixMs(time, node.epochMs)).toISOString()
  return `time ${at} node ${nodeId} sequence ${sequence}`
}

function parseRoute(words: readonly string[]): Route {
  const [kind, name, ...rest] = words
  switch (kind) {
    case "random":
      return { op: Op.RANDOM, target: 0, rest: words.slice(1) }
    case "node":
      return { op: Op.NODE, target: parseNodeId(name), rest }
    case "key":
      if (name === undefined) throw new RangeError("key takes a text without spaces")
      return { op: Op.KEY, target: keyHash(name), rest }
    default:
      return { op: Op.LOCAL, target: 0, rest: words }
  }
}

/** Ids past the largest are let through: the answer to them is UNKNOWN_NODE, as it is for frames. */
function parseNodeId(text: string | undefined): number {
  if (text !== undefined && /^[0-9]{1,9}$/.test(text)) return Number(text)
  throw new RangeError(`node takes an id from 0 to ${NODE_ID_MAX}, not "${text ?? ""}"`)
}

/** @throws RangeError naming `what` when it is no whole number from 1 to 4,096 */
export function parseCount(text: string, what = "count"): number {
  const count = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0
  if (count >= 1 && count <= COUNT_MAX) return count
  throw new RangeError(`${what} "${text}" is not a whole number from 1 to ${COUNT_MAX}`)
}
