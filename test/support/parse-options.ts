import { Command } from "commander"
import { defineCommand } from "../../server/config/command-line.ts"
import type { CommandName } from "../../server/config/setting.ts"
import type { Values } from "../../server/config/settings.ts"

/** What the action of a command is handed. @throws CommanderError that says what is wrong */
export function parseOptions<Name extends CommandName>(
  name: Name,
  args: readonly string[],
): Values<Name> {
  const program = new Command().exitOverride().configureOutput({ writeErr() {} })
  const command = defineCommand(program, name, "").action(() => {})
  program.parse([name, ...args], { from: "user" })
  return command.opts<Values<Name>>()
}
