import { CLIENT_SETTINGS } from "./client-settings.ts"
import { CLUSTER_SETTINGS } from "./cluster-settings.ts"
import { NODE_SETTINGS } from "./node-settings.ts"
import type { CommandName, Setting } from "./setting.ts"

/** Every option there is, in the order of `--help`. */
export const SETTINGS: readonly Setting[] = [
  ...CLUSTER_SETTINGS,
  ...NODE_SETTINGS,
  ...CLIENT_SETTINGS,
]

type Entry = (typeof CLUSTER_SETTINGS | typeof NODE_SETTINGS | typeof CLIENT_SETTINGS)[number]

/** The settings of a command, or of all of several commands. */
export function settingsOf(...commands: readonly CommandName[]): Setting[] {
  return SETTINGS.filter((setting) => commands.every((name) => setting.commands.includes(name)))
}

/** The parsed options of a command: `Values<"start">` has `tcp: Address`, `nodeId: number | undefined`, … */
export type Values<Command extends CommandName> = ValuesOf<Taken<Entry, Command>>

/** The options that a cluster takes for all its nodes. */
export type PassedOn = ValuesOf<Taken<Taken<Entry, "start">, "cluster">>

type Taken<E, Command extends CommandName> = E extends { readonly commands: readonly (infer C)[] }
  ? Command extends C
    ? E
    : never
  : never

type ValuesOf<E extends Entry> = { readonly [S in E as Name<S["flag"]>]: Value<S> }

type Name<Flag> = Flag extends `--${infer Words} ${string}`
  ? CamelCase<Words>
  : Flag extends `--${infer Words}`
    ? CamelCase<Words>
    : never

type CamelCase<Words extends string> = Words extends `${infer Word}-${infer Rest}`
  ? `${Word}${Capitalize<CamelCase<Rest>>}`
  : Words

type Value<S> = S extends { readonly default: string } | { readonly needed: true }
  ? Parsed<S>
  : Parsed<S> | undefined

type Parsed<S> = S extends { readonly parse: (text: string) => infer V } ? V : string
