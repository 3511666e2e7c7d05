import { pino } from "pino"
import type { DestinationStream, Logger } from "pino"
import type { PrettyOptions } from "pino-pretty"
import { LogOutput } from "./log-output.ts"

export const LOG_LEVELS: readonly string[] = [
  "trace",
  "debug",
  "info",
  "warn",
  "error",
  "fatal",
  "silent",
]

/** Whose log line it is: that of a node, by its id, or of the supervisor of several. */
type Source = number | "cluster"

/** One line each: the time, the level, the node, and what happened. */
const FOR_PEOPLE: PrettyOptions = {
  sync: true,
  // Where the level is shown in a colour of its own.
  colorize: true,
  singleLine: true,
  translateTime: "SYS:HH:MM:ss.l",
  // `nodes` is a list for programs: the lines below it show the same as a table.
  ignore: "node,nodes,event,pid,hostname",
  messageFormat: (line, messageKey) => {
    const source = line["node"] as Source
    // What a function returns goes to the terminal as it is, unlike a text with placeholders.
    const message = String(line[messageKey]).replaceAll(/\p{Cc}/gu, " ")
    return `${source === "cluster" ? source : `node ${source}`}  ${message}`
  },
}

/** Whether the log goes to a terminal. Only then does it say what to try: programs need no advice. */
export function isLogForPeople(): boolean {
  return process.stdout.isTTY
}

/** Standard output, for JSON lines that are each written whole; on a terminal, lines for people. */
export async function openLogStream(): Promise<DestinationStream> {
  // Not pino's default, which on Bun is `process.stdout`: that throws once its reader has gone, and
  // a node must not end because nobody reads its log. This one drops the lines.
  if (!isLogForPeople()) return LogOutput.open() ?? pino.destination({ dest: 1, sync: true })
  const { default: pretty, prettyFactory } = await import("pino-pretty")
  return LogOutput.open(prettyFactory(FOR_PEOPLE)) ?? pretty(FOR_PEOPLE)
}

/** @param stream from `openLogStream`; several loggers may share it */
export function loggerOn(stream: DestinationStream, level: string, node: Source): Logger {
  const log = pino({ level, base: { node } }, stream)
  if (stream instanceof LogOutput) {
    stream.recovered = (dropped) =>
      log.warn(
        { event: "log-lines-dropped", dropped },
        `log lines dropped: ${dropped}; nobody read them`,
      )
  }
  return log
}

/** The logger of a process that is one node. */
export async function createLogger(level: string, nodeId: number): Promise<Logger> {
  return loggerOn(await openLogStream(), level, nodeId)
}
