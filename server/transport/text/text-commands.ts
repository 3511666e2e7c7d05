import {
  COUNT_MAX,
  InputError,
  NODE_ID_MAX,
  Op,
  decodeId,
  idUnixMs,
  keyHash,
  parseTarget,
} from "../../../protocol/index.ts"
import type { Exchange } from "../../exchange.ts"
import type { Encoding } from "../dialect.ts"
import type { NodeStatus } from "../../node-status.ts"
import { textTable } from "../../text-table.ts"
import { parseCount } from "../parse-count.ts"
import { routeTo } from "../route-to.ts"
import { ID_LINES, VALUE_LINE } from "./encodings.ts"
import type { NodeContext } from "../node-context.ts"

const HELP = `Firn gives out unique 64-bit ids. Type:
lunique [count]                                   the next id(s) of this node, one a line
dunique [random|node <id>|key <text>] [count]     the same, routed; without a target as lunique
decode <id>                                       time, node and sequence of an id
nodes                                             this node and the others, one a line
status                                            the same and more, as one line of JSON
get <name> [<name> …]                             ids as memcached has values
ping | epoch | clock                              node and start number, epoch, wall clock
version                                           of this server
help                                              this text
quit                                              closes the connection
count is 1 to ${COUNT_MAX}`

interface Route {
  readonly op: Op
  readonly target: number
  /** Words that are left: at most a count. */
  readonly rest: readonly string[]
}

/**
 * Reads a line that is not `quit`: a request is put into the exchange.
 * @returns how its answer is to be written; or, of what is no request, the answer itself, of one or
 * more lines
 */
export function parseLine(
  line: string,
  exchange: Exchange,
  epochMs: number,
  context: NodeContext,
): Encoding | string {
  const [command = "", ...words] = line.trim().split(/\s+/)
  try {
    switch (command.toLowerCase()) {
      case "lunique":
        return askIds(exchange, { op: Op.LOCAL, target: 0, rest: words })
      case "dunique":
        return askIds(exchange, parseRoute(words))
      case "decode":
        return decode(words, epochMs)
      case "ping":
        return askValue(exchange, Op.PING, words)
      case "epoch":
        return askValue(exchange, Op.EPOCH, words)
      case "clock":
        return askValue(exchange, Op.CLOCK, words)
      case "nodes":
        return nodesTable(context.status())
      case "status":
        return JSON.stringify(context.status())
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

function askIds(exchange: Exchange, { op, target, rest }: Route): Encoding {
  if (rest.length > 1) throw new InputError(`"${rest[1]}" is one word too many`)
  const count = parseCount(rest[0] ?? "1")
  setRequest(exchange, op, count, target)
  return ID_LINES
}

function askValue(exchange: Exchange, op: Op, words: readonly string[]): Encoding {
  if (words.length > 0) throw new InputError(`"${words[0]}" is one word too many`)
  setRequest(exchange, op, 0, 0)
  return VALUE_LINE
}

function nodesTable({ node, unready, peers }: NodeStatus): string {
  const own = [`${node}`, "this node", unready === null ? "up" : "not ready", unready ?? ""]
  const others = peers.map((peer) => [`${peer.node}`, peer.address, peer.state, peer.reason])
  return textTable([own, ...others]).join("\n")
}

function setRequest(exchange: Exchange, op: Op, count: number, target: number): void {
  exchange.op = op
  exchange.flags = 0
  exchange.count = count
  exchange.target = target
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
  switch (kind?.toLowerCase()) {
    case "random":
      return { op: Op.RANDOM, target: 0, rest: words.slice(1) }
    case "node":
      return { op: Op.NODE, target: parseNodeId(name), rest }
    case "key":
      if (name === undefined) throw new InputError("key takes a text without spaces")
      return { op: Op.KEY, target: keyHash(name), rest }
    default:
      if (kind?.includes(":") !== true) return { op: Op.LOCAL, target: 0, rest: words }
      return { ...routeTo(parseTarget(kind)), rest: words.slice(1) }
  }
}

/** Ids past the largest are let through: the answer to them is UNKNOWN_NODE, as it is for frames. */
function parseNodeId(text: string | undefined): number {
  if (text !== undefined && /^[0-9]{1,9}$/.test(text)) return Number(text)
  throw new InputError(`node takes an id from 0 to ${NODE_ID_MAX}, not "${text ?? ""}"`)
}
