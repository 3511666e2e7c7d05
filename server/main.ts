#!/usr/bin/env -S bun --no-env-file --config=/dev/null
import { InputError } from "../protocol/index.ts"
import { Command, CommanderError } from "commander"
import { version } from "../package.json"
import { defineBackup } from "./commands/backup.ts"
import { defineBench } from "./commands/bench.ts"
import { defineCluster } from "./commands/cluster.ts"
import { defineDecode } from "./commands/decode.ts"
import { defineDoctor } from "./commands/doctor.ts"
import { defineId } from "./commands/id.ts"
import { defineSeed } from "./commands/seed.ts"
import { defineStart } from "./commands/start.ts"
import { defineStatus } from "./commands/status.ts"
import { ExitCode, ServerError } from "./errors.ts"

function createProgram(): Command {
  const program = new Command("firn")
    .description("Unique 64-bit ids that are never given out twice.")
    .version(version)
    .addHelpText("after", "\nEvery option can also be given as FIRN_…: --node-id as FIRN_NODE_ID.")
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(oneLine(text)) })
  defineStart(program)
  defineCluster(program)
  defineSeed(program)
  defineId(program)
  defineStatus(program)
  defineBench(program)
  defineDoctor(program)
  defineDecode(program)
  defineBackup(program)
  for (const command of program.commands) command.exitOverride()
  return program
}

/** Makes an error one line: commander puts its suggestion of another spelling on a second. */
function oneLine(text: string): string {
  return `${text.trim().replaceAll("\n", " ")}\n`
}

/** The exit code for what a command threw; says on standard error what was wrong, in one line. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ExitCode.USAGE
  process.stderr.write(oneLine(`error: ${(error as Error).message}`))
  if (error instanceof InputError) return ExitCode.USAGE
  return error instanceof ServerError ? error.exitCode : ExitCode.FAILURE
}

try {
  const program = createProgram()
  if (process.argv.length <= 2) {
    const names = program.commands.map((command) => command.name()).join(", ")
    throw new InputError(`no command: it is one of ${names}; firn --help tells what they do`)
  }
  await program.parseAsync()
} catch (error) {
  process.exit(report(error))
}
