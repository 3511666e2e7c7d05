import type { Command } from "commander"
import { FirnClient } from "../../client-sdk/index.ts"
import type { CallOptions } from "../../client-sdk/index.ts"
import { InputError, COUNT_MAX, NODE_ID_MAX } from "../../protocol/index.ts"
import { addressText } from "../net/address.ts"
import type { Address } from "../net/address.ts"
import { DEFAULT_TCP, address, argument, option, wholeNumber } from "./options.ts"

const COUNT_LIMIT = 1_000_000

interface IdOptions {
  readonly server: Address
  readonly target: CallOptions
  readonly count: number
}

export function defineId(program: Command): void {
  program
    .command("id")
    .description("get ids from a running node, one a line")
    .addOption(
      option("--server <HOST:PORT>", "the node's TCP address")
        .argParser(address)
        .default(DEFAULT_TCP, addressText(DEFAULT_TCP)),
    )
    .addOption(
      option("--target <random|ID|key:TEXT>", "a random node, a named one, or the owner of a key")
        .argParser(argument(parseTarget))
        .default({}, "the node that is asked"),
    )
    .addOption(
      option("--count <N>", "how many ids").argParser(wholeNumber(1, COUNT_LIMIT)).default(1),
    )
    .action(printIds)
}

function parseTarget(text: string): CallOptions {
  if (text === "random") return { random: true }
  if (/^[0-9]{1,9}$/.test(text)) {
    const node = Number(text)
    if (node > NODE_ID_MAX) throw new InputError(`A node id goes from 0 to ${NODE_ID_MAX}`)
    return { node }
  }
  if (/^key:./.test(text)) return { key: text.slice("key:".length) }
  throw new InputError("It takes random, a node id, or key: and a text")
}

async function printIds({ server, target, count }: IdOptions): Promise<void> {
  // Asked once: whoever types the command sees at once what is wrong, and may type it again.
  const retry = { triesMax: 1 }
  await using client = new FirnClient({ servers: [addressText(server)], retry })
  for (let left = count; left > 0; left -= COUNT_MAX) {
    const ids = await client.idStrings(Math.min(left, COUNT_MAX), target)
    if (!(await printed(`${ids.join("\n")}\n`))) break
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
