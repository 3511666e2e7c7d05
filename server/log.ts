import { pino } from "pino"
import type { DestinationStream, Logger } from "pino"
import type { PrettyOptions } from "pino-pretty"

export const LOG_LEVELS: readonly string[] = [
  "trace",
  "debug",
  "info",
  "warn",
  "error",
  "fatal",
  "silent",
]

/** Who a log line is of: a node by its id, or what runs several of them. */
type Source = number | "cluster"

/** One line each: the time, the level, the node, and what happened. */
const FOR_PEOPLE: PrettyOptions = {
  sync: true,
  singleLine: true,
  translateTime: "SYS:HH:MM:ss.l",
  // `nodes` is a list for programs: the lines below it show the same as a table.
  ignore: "node,nodes,event,pid,hostname",
  messageFormat: (line, messageKey) => {
    const source = line["node"] as Source
    // Other than a text with placeholders, what a function returns goes to the terminal as it is.
    const message = String(line[messageKey]).replaceAll(/\p{Cc}/gu, " ")
    return `${source === "cluster" ? source : `node ${source}`}  ${message}`
  },
}

/** Standard output for JSON lines, each written whole; on a terminal they become lines for people. */
export async function openLogStream(): Promise<DestinationStream> {
  // Not pino's default, which on Bun is `process.stdout`: that throws once its reader has gone, and
  // a node must not end for want of a log. This one drops the lines.
  if (!process.stdout.isTTY) return pino.destination({ dest: 1, sync: true })
  const { default: pretty } = await import("pino-pretty")
  return pretty(FOR_PEOPLE)
}

/** @param stream one of `openLogStream`, which several may share */
export function loggerOn(stream: DestinationStream, level: string, node: Source): Logger {
  return pino({ level, base: { node } }, stream)
}

/** The logger of a process that is one node. */
export async function createLogger(level: string, nodeId: number): Promise<Logger> {
  return loggerOn(await openLogStream(), level, nodeId)
}
