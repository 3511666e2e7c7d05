import type { Command } from "commander"
import { FirnClient } from "../../client-sdk/index.ts"
import { COUNT_MAX } from "../../protocol/index.ts"
import { defineCommand } from "../config/command-line.ts"
import type { Values } from "../config/settings.ts"
import { commandTlsOf } from "../config/tls-options.ts"
import { addressText } from "../net/address.ts"

export function defineId(program: Command): void {
  defineCommand(program, "id", "get ids from a running node, one a line").action(printIds)
}

async function printIds({ server, target, count, json, ...options }: Values<"id">): Promise<void> {
  // Asked once: whoever types the command sees at once what is wrong, and may type it again.
  const retry = { triesMax: 1 }
  const tls = commandTlsOf(options) ?? false
  await using client = new FirnClient({ servers: [addressText(server)], retry, tls })
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
