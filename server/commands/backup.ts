import type { Command } from "commander"
import { InputError } from "../../protocol/index.ts"

/** There is no such command, and whoever looks for it has to know why. */
export function defineBackup(program: Command): void {
  program
    .command("backup")
    .description("refused, with what to do instead: a copy of a data directory is a danger to ids")
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw new InputError(
        "a data directory must not be copied to be put back: a start from an older copy may repeat ids. " +
          "When a directory is lost, retire its node id, and start a node with an id that was never used in an " +
          "empty directory; nothing else has to be kept",
      )
    })
}
