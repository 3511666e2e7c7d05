import { connect as connectTcp, isIP } from "node:net"
import type { Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import type { CommandTls } from "../config/tls-options.ts"
import { ServerError } from "../errors.ts"
import { addressText } from "../net/address.ts"
import type { ListenAddress } from "../net/address.ts"
import { parseNodeStatus } from "../node-status.ts"
import type { NodeStatus } from "../node-status.ts"

/** How a command asks. */
export interface Asking {
  readonly tls: CommandTls | undefined
  readonly timeoutMs: number
}

/** What a node says of itself. */
export interface AskedStatus {
  readonly status: NodeStatus
  /** Which of its ports was asked. */
  readonly port: "tcp" | "http"
  /** Its wall clock less ours. */
  readonly skewMs: number
  readonly roundTripMs: number
}

/** How many nodes a command asks at a time. */
export const ASKED_MAX = 32

/** A line of text, and the end of a head: whatever listens knows at once what it does with it. */
const QUESTION = "status\r\n\r\n"
/** More than the status of 1,024 nodes has. */
const LINE_MAX = 4 * 1024 * 1024

/**
 * Asks a node for its status, at its TCP port or its HTTP port: which of them it is shows in how it
 * answers a line of text.
 * @throws ServerError that names the address when there is no Firn node
 */
export async function askStatus(server: ListenAddress, asking: Asking): Promise<AskedStatus> {
  const where = addressText(server)
  const sentAtMs = performance.now()
  let line: string | undefined
  try {
    line = await lineOf(server, asking)
  } catch (error) {
    throw new ServerError(`cannot reach ${where}: ${reasonOf(error, asking)}`, { cause: error })
  }
  let roundTripMs = performance.now() - sentAtMs
  const port = line?.startsWith("{") === true ? "tcp" : "http"
  if (line === undefined || port === "http") {
    const askedAtMs = performance.now()
    line = await bodyOf(server, asking)
    roundTripMs = performance.now() - askedAtMs
  }
  const status = statusIn(line, where)
  return { status, port, skewMs: status.wallMs - (Date.now() - roundTripMs / 2), roundTripMs }
}

/** An address that stands for all of a machine is found where the machine was found. */
export function seenFrom(server: ListenAddress, told: ListenAddress): ListenAddress {
  if ("path" in told || "path" in server || !["0.0.0.0", "::", "*"].includes(told.host)) return told
  return { ...told, host: server.host }
}

/** @throws ServerError */
function statusIn(text: string, where: string): NodeStatus {
  try {
    return parseNodeStatus(JSON.parse(text))
  } catch (error) {
    const why = error instanceof SyntaxError ? "it is not JSON" : (error as Error).message
    const what = `${where} answered, but not as a Firn node does: ${why}`
    throw new ServerError(what, { cause: error })
  }
}

/** @returns the first line that comes; undefined when it closes the connection before */
async function lineOf(server: ListenAddress, asking: Asking): Promise<string | undefined> {
  const socket = open(server, asking.tls)
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>()
  const timer = setTimeout(() => reject(timeoutError()), asking.timeoutMs)
  let text = ""
  socket.setEncoding("utf8")
  socket.on(asking.tls === undefined ? "connect" : "secureConnect", () => socket.write(QUESTION))
  socket.on("data", (chunk) => {
    text += String(chunk)
    if (text.includes("\n") || text.length > LINE_MAX) resolve(text.split("\n")[0])
  })
  socket.on("error", reject)
  socket.on("close", () => resolve(undefined))
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

function open(server: ListenAddress, tls: CommandTls | undefined): Socket {
  const to = "path" in server ? { path: server.path } : { host: server.host, port: server.port }
  if (tls === undefined) return connectTcp(to)
  const named = "host" in server && isIP(server.host) === 0 ? { servername: server.host } : {}
  return connectTls({ ...to, ...named, ...tls })
}

/** @throws ServerError */
async function bodyOf(server: ListenAddress, { tls, timeoutMs }: Asking): Promise<string> {
  const where = addressText(server)
  const host = "path" in server ? "localhost" : where
  const url = `${tls === undefined ? "http" : "https"}://${host}/nodes`
  // Bun would ask the proxy of HTTP_PROXY, even for the loopback address.
  process.env["NO_PROXY"] = "*"
  let response: Response
  let body: string
  try {
    response = await fetch(url, {
      signal: AbortSignal.timeout(timeoutMs),
      ...("path" in server ? { unix: server.path } : {}),
      ...(tls === undefined ? {} : { tls }),
    })
    body = await response.text()
  } catch (error) {
    throw new ServerError(`cannot reach ${where}: ${reasonOf(error, { tls, timeoutMs })}`, {
      cause: error,
    })
  }
  if (response.ok) return body
  throw new ServerError(`${where} answered ${response.status}: is it a Firn node?`)
}

function timeoutError(): DOMException {
  return new DOMException("no answer", "TimeoutError")
}

/** Bun's own messages speak of its options, and of a computer that is able to access a URL. */
const REASONS = new Map([
  ["ECONNREFUSED", "nothing listens there"],
  ["ConnectionRefused", "nothing listens there"],
  ["FailedToOpenSocket", "nothing can be reached there"],
  ["ENOENT", "there is no such socket"],
  ["ENOTFOUND", "the name is not known"],
  ["EAI_AGAIN", "the name server does not answer"],
])

function reasonOf(error: unknown, { tls, timeoutMs }: Asking): string {
  const { code, name, message } = error as NodeJS.ErrnoException
  if (name === "TimeoutError") return `no answer within ${timeoutMs} ms`
  if (code !== "ECONNRESET") return REASONS.get(code ?? "") ?? message
  return tls === undefined
    ? "it closed the connection; if it listens by TLS, --tls-ca is needed"
    : "it closed the connection; does it listen by TLS, and want a certificate (--tls-cert)?"
}
