/** The commands that have options. */
export type CommandName =
  "start" | "cluster" | "seed" | "id" | "status" | "bench" | "doctor" | "decode"

/** An option of the command line, which can be given as an environment variable as well. */
export interface Setting {
  /** As it is typed: `--tcp <HOST:PORT>`, or `--json`, which is there or not. */
  readonly flag: string
  /** Which commands take it. What `start` and `cluster` both take is passed on to every node. */
  readonly commands: readonly CommandName[]
  /**
   * Turns the text into the value; without it the value is the text. A table writes its return type
   * out, since `Values` takes the type of the option from it.
   * @throws InputError that says what is right
   */
  readonly parse?: (text: string) => unknown
  /** The text of a value, where that is not the value as it stands. */
  readonly write?: (value: never) => string
  /** The text that is parsed when none is given. */
  readonly default?: string
  /** The text that is parsed when the flag stands there alone. */
  readonly preset?: string
  /** What happens when none is given, in words; for an option without a default. */
  readonly unset?: string
  /** It may be given several times. Its value is a list, and they are put together. */
  readonly repeats?: true
  /** The command is refused without it. */
  readonly needed?: true
  /** The name of a setting that cannot be given beside this one. */
  readonly conflicts?: string
  /** What it means, for `--help` and for docs/operations.md: one sentence, code in backticks. */
  readonly help: string
}

/** What is typed for it: `--max-clock-lead`. */
export function flagOf({ flag }: Setting): string {
  return flag.replace(/ .*/, "")
}

/** Its key among the values of a command: `maxClockLead`. */
export function nameOf(setting: Setting): string {
  return flagOf(setting)
    .slice(2)
    .replaceAll(/-./g, (dashed) => dashed.slice(1).toUpperCase())
}

/** Its environment variable: `FIRN_MAX_CLOCK_LEAD`. */
export function variableOf(setting: Setting): string {
  return `FIRN_${flagOf(setting).slice(2).replaceAll("-", "_").toUpperCase()}`
}
