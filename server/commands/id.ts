import type { Command } from "commander"
import { COUNT_MAX, Op, decimalText } from "../../protocol/index.ts"
import { addressText } from "../transport/address.ts"
import type { Address } from "../transport/address.ts"
import { DEFAULT_TCP, address, option, wholeNumber } from "./options.ts"
import { ServerConnection } from "./server-connection.ts"

const COUNT_LIMIT = 1_000_000

interface IdOptions {
  readonly server: Address
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
      option("--count <N>", "how many ids").argParser(wholeNumber(1, COUNT_LIMIT)).default(1),
    )
    .action(printIds)
}

async function printIds({ server, count }: IdOptions): Promise<void> {
  const connection = await ServerConnection.open(server)
  for (let left = count; left > 0; left -= COUNT_MAX) {
    const size = Math.min(left, COUNT_MAX)
    const { high, low } = await connection.ask(Op.LOCAL, size, 0)
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
