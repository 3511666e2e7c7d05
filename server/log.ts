import { pino } from "pino"
import type { Logger } from "pino"
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

/** One line each: the time, the level, the node, and what happened. */
const FOR_PEOPLE: PrettyOptions = {
  sync: true,
  singleLine: true,
  translateTime: "SYS:HH:MM:ss.l",
  ignore: "node,event,pid,hostname",
  messageFormat: "node {node}  {msg}",
}

/** JSON lines on standard output; on a terminal, lines for people. */
export async function createLogger(level: string, nodeId: number): Promise<Logger> {
  const options = { level, base: { node: nodeId } }
  // Not pino's default, which on Bun is `process.stdout`: that throws once its reader has gone, and
  // a node must not end for want of a log. This one drops the lines.
  if (!process.stdout.isTTY) return pino(options, pino.destination({ dest: 1, sync: true }))
  const { default: pretty } = await import("pino-pretty")
  return pino(options, pretty(FOR_PEOPLE))
}
