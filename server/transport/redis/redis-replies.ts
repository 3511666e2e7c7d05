import { InputError, decodeId, idUnixMs } from "../../../protocol/index.ts"
import { version } from "../../../package.json"
import type { NodeContext } from "../node-context.ts"

/** Clients compare it. */
const REDIS_VERSION = "7.0.0"
/** How much of the arguments an error shows, as Redis does it. */
const SHOWN_MAX = 128

const OK = "+OK\r\n"

/** What a connection has chosen. */
export class RedisSession {
  readonly epochMs: number
  readonly context: NodeContext
  readonly id: number
  /** RESP 2 until the client says HELLO 3. */
  protocol = 2
  name = ""

  constructor(epochMs: number, context: NodeContext, id: number) {
    this.epochMs = epochMs
    this.context = context
    this.id = id
  }
}

/** The answer, a character for each byte, to a command that asks for no id and no clock. @param args without the command's name */
export function replyTo(name: string, args: readonly string[], session: RedisSession): string {
  const verb = name.toUpperCase()
  switch (verb) {
    case "ECHO":
      return args.length === 1 ? bulk(args[0]!) : wrongCount(verb)
    case "HELLO":
      return hello(args, session)
    case "AUTH":
      return auth(args)
    case "SELECT":
      if (args.length !== 1) return wrongCount(verb)
      return args[0] === "0" ? OK : error("DB index is out of range")
    case "RESET":
      session.protocol = 2
      session.name = ""
      return "+RESET\r\n"
    case "CLIENT":
      return client(args, session)
    case "INFO":
      return bulk(info(args, session))
    case "COMMAND":
      return commandInfo(args, session)
    case "CONFIG":
      if (args[0]?.toUpperCase() === "GET") return map([], session)
      return unknownSubcommand(verb, args)
    case "FIRN.DECODE":
      return args.length === 1 ? decode(args[0]!, session) : wrongCount(verb)
    default:
      return unknownCommand(name, args)
  }
}

export function error(text: string): string {
  // What came in may be quoted; a line has to stay one.
  return `-ERR ${text.replaceAll(/\p{Cc}/gu, "?")}\r\n`
}

export function wrongCount(verb: string): string {
  return error(`wrong number of arguments for '${verb.toLowerCase()}' command`)
}

/** @param name as the client has written it */
function unknownCommand(name: string, args: readonly string[]): string {
  let shown = ""
  for (const arg of args) {
    if (shown.length >= SHOWN_MAX) break
    shown += `'${arg.slice(0, SHOWN_MAX - shown.length)}' `
  }
  return error(`unknown command '${name.slice(0, SHOWN_MAX)}', with args beginning with: ${shown}`)
}

function unknownSubcommand(verb: string, args: readonly string[]): string {
  if (args.length === 0) return wrongCount(verb)
  return error(`unknown subcommand '${args[0]!.slice(0, SHOWN_MAX)}'. Try ${verb} HELP.`)
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`
}

/** @param pairs names, and values that are written already */
function map(pairs: readonly (readonly [string, string])[], { protocol }: RedisSession): string {
  const head = protocol === 3 ? `%${pairs.length}` : `*${2 * pairs.length}`
  return `${head}\r\n${pairs.map(([name, value]) => bulk(name) + value).join("")}`
}

function hello(args: readonly string[], session: RedisSession): string {
  const [asked, ...options] = args
  if (asked !== undefined && asked !== "2" && asked !== "3") {
    return /^[0-9]+$/.test(asked)
      ? "-NOPROTO unsupported protocol version\r\n"
      : error("Protocol version is not an integer or out of range")
  }
  let { name } = session
  for (let i = 0; i < options.length;) {
    const option = options[i]!.toUpperCase()
    if (option === "AUTH" && i + 2 < options.length) {
      const refusal = auth(options.slice(i + 1, i + 3))
      if (refusal !== OK) return refusal
      i += 3
    } else if (option === "SETNAME" && i + 1 < options.length) {
      name = options[i + 1]!
      i += 2
    } else return error(`Syntax error in HELLO option '${options[i]}'`)
  }
  session.name = name
  if (asked !== undefined) session.protocol = Number(asked)
  const pairs: [string, string][] = [
    ["server", bulk("firn")],
    ["version", bulk(REDIS_VERSION)],
    ["proto", `:${session.protocol}\r\n`],
    ["id", `:${session.id}\r\n`],
    ["mode", bulk("standalone")],
    ["role", bulk("master")],
    ["modules", "*0\r\n"],
  ]
  return map(pairs, session)
}

/** There are no passwords; Redis without any takes each for its default user. */
function auth(args: readonly string[]): string {
  if (args.length === 2) {
    if (args[0] === "default") return OK
    return "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
  }
  if (args.length !== 1) return wrongCount("auth")
  return error(
    "AUTH <password> called without any password configured for the default user. " +
      "Are you sure your configuration is correct?",
  )
}

function client(args: readonly string[], session: RedisSession): string {
  const [sub = "", ...rest] = args
  switch (sub.toUpperCase()) {
    case "SETINFO":
      return rest.length === 2 ? OK : wrongCount("client|setinfo")
    case "SETNAME":
      if (rest.length !== 1) return wrongCount("client|setname")
      session.name = rest[0]!
      return OK
    case "GETNAME":
      if (session.name !== "") return bulk(session.name)
      return session.protocol === 3 ? "_\r\n" : "$-1\r\n"
    case "ID":
      return `:${session.id}\r\n`
    case "NO-EVICT":
    case "NO-TOUCH":
      return OK
    case "REPLY":
      return rest[0]?.toUpperCase() === "ON" ? OK : error("CLIENT REPLY takes ON alone here")
    default:
      return unknownSubcommand("CLIENT", args)
  }
}

function info(args: readonly string[], { context }: RedisSession): string {
  const status = context.status()
  const sections: Record<string, string[]> = {
    server: [
      `redis_version:${REDIS_VERSION}`,
      "redis_mode:standalone",
      "server_name:firn",
      `firn_version:${version}`,
    ],
    persistence: ["loading:0"],
    replication: ["role:master", "connected_slaves:0"],
    firn: [
      `node:${status.node}`,
      `ready:${status.unready === null ? "yes" : "no"}`,
      `epoch_ms:${status.epochMs}`,
      `clock_lead_ms:${status.clockLeadMs}`,
      `peers:${status.peers.length}`,
    ],
  }
  const asked = args.map((name) => name.toLowerCase())
  const isAll =
    asked.length === 0 || ["all", "default", "everything"].some((name) => asked.includes(name))
  const shown = Object.entries(sections).filter(([name]) => isAll || asked.includes(name))
  const texts = shown.map(([name, lines]) => {
    return [`# ${name[0]!.toUpperCase()}${name.slice(1)}`, ...lines, ""].join("\r\n")
  })
  return texts.join("\r\n")
}

/** Clients that ask go on without. */
function commandInfo(args: readonly string[], session: RedisSession): string {
  switch (args[0]?.toUpperCase()) {
    case undefined:
    case "INFO":
      return "*0\r\n"
    case "COUNT":
      return ":0\r\n"
    case "DOCS":
      return map([], session)
    default:
      return unknownSubcommand("COMMAND", args)
  }
}

function decode(text: string, session: RedisSession): string {
  try {
    const { time, node, sequence } = decodeId(text)
    const parts = { time, unix_ms: idUnixMs(time, session.epochMs), node, sequence }
    const pairs = Object.entries(parts).map(([name, value]) => [name, `:${value}\r\n`] as const)
    return map(pairs, session)
  } catch (thrown) {
    if (thrown instanceof InputError || thrown instanceof RangeError) return error(thrown.message)
    throw thrown
  }
}
