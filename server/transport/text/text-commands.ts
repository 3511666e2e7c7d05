import {
  InputError,
  COUNT_MAX,
  NODE_ID_MAX,
  Op,
  STATUSES,
  Status,
  decimalText,
  decodeId,
  idUnixMs,
  keyHash,
  refusalText,
} from "../../../protocol/index.ts"
import type { AnswerFields } from "../../../protocol/index.ts"
import type { Flight, FlightOrigin } from "../../routing/forwarded-request.ts"
import { Routed } from "../../routing/router.ts"
import type { Router } from "../../routing/router.ts"
import { blockText } from "../id-lines.ts"

/** The command has to wait for the generator; nothing was answered. */
export const LATER = undefined

const HELP = `lunique [count]                                   the next id(s) of this node, one a line
dunique [random|node <id>|key <text>] [count]     the same, routed; without a target as lunique
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

/** Text of one or more lines, the last without its ending; `LATER`; or what another node answers. */
type LineAnswer = string | typeof LATER | Flight

/** @param origin hears of the answer when it is a flight */
export function answerLine(router: Router, line: string, origin: FlightOrigin): LineAnswer {
  const [command = "", ...words] = line.trim().split(/\s+/)
  try {
    switch (command) {
      case "lunique":
        return takeIds(router, { op: Op.LOCAL, target: 0, rest: words }, origin)
      case "dunique":
        return takeIds(router, parseRoute(words), origin)
      case "decode":
        return decode(words, router.local.epochMs)
      case "ping":
        return ask(router, Op.PING, words)
      case "epoch":
        return ask(router, Op.EPOCH, words)
      case "clock":
        return ask(router, Op.CLOCK, words)
      case "help":
        return HELP
      default:
        return badRequest(unknownCommand(command))
    }
  } catch (error) {
    if (error instanceof InputError) return badRequest(error.message)
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

function takeIds(router: Router, route: Route, origin: FlightOrigin): LineAnswer {
  if (route.rest.length > 1) throw new InputError(`"${route.rest[1]}" is one word too many`)
  const count = parseCount(route.rest[0] ?? "1")
  const routed = router.route(route.op, 0, count, route.target, origin)
  if (routed === Routed.WAIT) return LATER
  return routed === Routed.IN_FLIGHT ? router.flight : idsText(router.local, count)
}

/** The answer to a request for ids. */
export function idsText(answer: AnswerFields, count: number): string {
  if (answer.status !== Status.OK) return refusal(answer)
  return blockText(answer.high, answer.low, count).trimEnd()
}

function ask({ local }: Router, op: Op, words: readonly string[]): string {
  if (words.length > 0) throw new InputError(`"${words[0]}" is one word too many`)
  local.answer(op, 0, 0, 0)
  return local.status === Status.OK ? decimalText(local.high, local.low) : refusal(local)
}

function refusal(answer: AnswerFields): string {
  return `ERR ${STATUSES[answer.status]?.name} ${refusalText(answer)}`
}

function decode(words: readonly string[], epochMs: number): string {
  const [text] = words
  if (text === undefined || words.length > 1) throw new InputError("decode takes one id")
  const { time, node, sequence } = decodeId(text)
  const at = new Date(idUnixMs(time, epochMs)).toISOString()
  return `time ${at} node ${node} sequence ${sequence}`
}

function parseRoute(words: readonly string[]): Route {
  const [kind, name, ...rest] = words
  switch (kind) {
    case "random":
      return { op: Op.RANDOM, target: 0, rest: words.slice(1) }
    case "node":
      return { op: Op.NODE, target: parseNodeId(name), rest }
    case "key":
      if (name === undefined) throw new InputError("key takes a text without spaces")
      return { op: Op.KEY, target: keyHash(name), rest }
    default:
      return { op: Op.LOCAL, target: 0, rest: words }
  }
}

/** Ids past the largest are let through: the answer to them is UNKNOWN_NODE, as it is for frames. */
function parseNodeId(text: string | undefined): number {
  if (text !== undefined && /^[0-9]{1,9}$/.test(text)) return Number(text)
  throw new InputError(`node takes an id from 0 to ${NODE_ID_MAX}, not "${text ?? ""}"`)
}

/** @throws InputError naming `what` when it is no whole number from 1 to 4,096 */
export function parseCount(text: string, what = "count"): number {
  const count = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0
  if (count >= 1 && count <= COUNT_MAX) return count
  throw new InputError(`${what} "${text}" is not a whole number from 1 to ${COUNT_MAX}`)
}
