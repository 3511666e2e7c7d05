import type { Command } from "commander"
import { FirnClient, FirnError } from "../../client-sdk/index.ts"
import { COUNT_MAX } from "../../protocol/index.ts"
import { defineCommand } from "../config/command-line.ts"
import type { Values } from "../config/settings.ts"
import { commandTlsOf } from "../config/tls-options.ts"
import type { CommandTls } from "../config/tls-options.ts"
import { addressText, parseListenAddress } from "../net/address.ts"
import type { ListenAddress } from "../net/address.ts"
import { askStatus, seenFrom } from "./ask-node.ts"
import type { Asking } from "./ask-node.ts"

/** Of the client. */
const CONNECT_TIMEOUT_MAX_MS = 60_000

export function defineId(program: Command): void {
  defineCommand(program, "id", "get ids from a running node, one a line").action(printIds)
}

async function printIds(options: Values<"id">): Promise<void> {
  const tls = commandTlsOf(options)
  const { server, timeout: timeoutMs } = options
  try {
    await printIdsOf(server, options, tls)
  } catch (error) {
    if (!(error instanceof FirnError) || error.code !== "CONNECT_FAILED") throw error
    const tcp = await tcpOf(server, { tls, timeoutMs })
    if (tcp.length === 0) throw error
    await printIdsOf(tcp, options, tls)
  }
}

/** The TCP addresses of nodes whose HTTP addresses these are. */
async function tcpOf(servers: readonly ListenAddress[], asking: Asking): Promise<ListenAddress[]> {
  const asked = await Promise.allSettled(servers.map((server) => askStatus(server, asking)))
  return asked.flatMap((outcome, i) => {
    if (outcome.status === "rejected") return []
    return [seenFrom(servers[i]!, parseListenAddress(outcome.value.status.tcp))]
  })
}

async function printIdsOf(
  servers: readonly ListenAddress[],
  { target, count, json, timeout }: Values<"id">,
  tls: CommandTls | undefined,
): Promise<void> {
  await using client = new FirnClient({
    servers: servers.map(addressText),
    // Asked once: whoever types the command sees at once what is wrong, and may type it again.
    retry: { triesMax: servers.length },
    connectTimeoutMs: Math.min(timeout, CONNECT_TIMEOUT_MAX_MS),
    requestTimeoutMs: timeout,
    tls: tls ?? false,
  })
  for (let left = count; left > 0; left -= COUNT_MAX) {
    const ids = await client.idStrings(Math.min(left, COUNT_MAX), target)
    // As texts: JavaScript's numbers would lose digits.
    const lines = json ? ids.map((id) => JSON.stringify(id)) : ids
    if (!(await printed(`${lines.join("\n")}\n`))) break
  }
}

/** @returns false when nobody reads on, as after `| head` */
async function printed(text: string): Promise<boolean> {
  try {
    await Bun.write(Bun.stdout, text)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPIPE") return false
    throw error
  }
}
