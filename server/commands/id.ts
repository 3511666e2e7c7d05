import type { Command } from "commander"
import { COUNT_MAX, Op, decimalText, keyHash } from "../../protocol/index.ts"
import { addressText } from "../transport/address.ts"
import type { Address } from "../transport/address.ts"
import { DEFAULT_TCP, address, argument, option, wholeNumber } from "./options.ts"
import { ServerConnection } from "./server-connection.ts"

const COUNT_LIMIT = 1_000_000

interface IdOptions {
  readonly server: Address
  readonly target: Target
  readonly count: number
}

interface Target {
  readonly op: Op
  readonly value: number
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
        .default({ op: Op.LOCAL, value: 0 }, "the node that is asked"),
    )
    .addOption(
      option("--count <N>", "how many ids").argParser(wholeNumber(1, COUNT_LIMIT)).default(1),
    )
    .action(printIds)
}

function parseTarget(text: string): Target {
  if (text === "random") return { op: Op.RANDOM, value: 0 }
  if (/^[0-9]{1,9}$/.test(text)) return { op: Op.NODE, value: Number(text) }
  if (/^key:./.test(text)) return { op: Op.KEY, value: keyHash(text.slice("key:".length)) }
  throw new RangeError("It takes random, a node id, or key: and a text")
}

async function printIds({ server, target, count }: IdOptions): Promise<void> {
  const connection = await ServerConnection.open(server)
  for (let left = count; left > 0; left -= COUNT_MAX) {
    const size = Math.min(left, COUNT_MAX)
    const { high, low } = await connection.ask(target.op, size, target.value)
    const ids = Array.from({ length: size }, (_, i) => decimalText(high, low + i))
    if (!(await printed(`${ids.join("\n")}\n`))) break
  }
  connection.close()
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
