import { InvalidArgumentError, Option } from "commander"
import type { Command } from "commander"
import { InputError } from "../../protocol/index.ts"
import { variableOf } from "./setting.ts"
import type { CommandName, Setting } from "./setting.ts"
import { settingsOf } from "./settings.ts"

/** @param before what the option has so far */
type Parse = (text: string, before?: unknown) => unknown

/** Adds a command with its options; its action is handed the `Values` of the command. */
export function defineCommand(program: Command, name: CommandName, description: string): Command {
  const command = program.command(name).description(description)
  for (const setting of settingsOf(name)) command.addOption(optionOf(setting))
  return command
}

function optionOf(setting: Setting): Option {
  const { flag, parse = nonEmpty, default: text, preset, needed = false, conflicts } = setting
  const byDefault = text === undefined ? undefined : parse(text)
  const parsed = setting.repeats ? repeated(parse, byDefault) : parse
  const option = new Option(flag, helpText(setting))
    .env(variableOf(setting))
    .argParser(argument(parsed))
    .makeOptionMandatory(needed)
  if (conflicts !== undefined) option.conflicts(conflicts)
  if (text !== undefined) option.default(byDefault, text)
  if (preset !== undefined) option.preset(preset)
  return option
}

/** Commander shows a default only where it is a value. */
function helpText({ help, unset }: Setting): string {
  const text = unset === undefined ? help : `${help} (default: ${unset})`
  return text.replaceAll("`", "")
}

/** A file, a directory: none has an empty name, as a variable has that was not filled in. */
function nonEmpty(text: string): string {
  if (text === "") throw new InputError("It is empty")
  return text
}

/** Adds to what the option was given before, which is not its default. */
function repeated(parse: (text: string) => unknown, byDefault: unknown): Parse {
  return (text, before) => {
    const given = before === undefined || before === byDefault ? [] : (before as unknown[])
    return [...given, ...(parse(text) as unknown[])]
  }
}

/** A parser that refuses as commander does, which then says of which option the text is. */
function argument(parse: Parse): Parse {
  return (text, before) => {
    try {
      return parse(text, before)
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      throw new InvalidArgumentError(`${error.message}.`)
    }
  }
}
