import { addressText } from "../net/address.ts"
import type { ListenAddress } from "../net/address.ts"
import { peersText } from "../peers/peer-list.ts"
import type { PeerEntry } from "../peers/peer-set.ts"
import { flagOf, nameOf, variableOf } from "./setting.ts"
import type { Setting } from "./setting.ts"
import { settingsOf } from "./settings.ts"
import type { PassedOn, Values } from "./settings.ts"

/** Some options of `firn start`. */
export type StartValues = Partial<Values<"start">>

type Value = string | number | boolean | ListenAddress | readonly PeerEntry[]
type ByName = Readonly<Record<string, Value | undefined>>

/** The options of a cluster that are its nodes' as well. */
export function passedOn(values: Values<"cluster">): PassedOn {
  const byName: ByName = values
  const names = settingsOf("cluster", "start").map(nameOf)
  return Object.fromEntries(names.map((name) => [name, byName[name]])) as PassedOn
}

/** The arguments that give `firn start` these options. */
export function startArguments(values: StartValues): string[] {
  const byName: ByName = values
  return settingsOf("start").flatMap((setting) => {
    const value = byName[nameOf(setting)]
    if (value === undefined) return []
    const write = setting.write ?? valueText
    return [flagOf(setting), write(value as never)]
  })
}

/** The environment variables that `firn start` refuses beside these options. */
export function conflictingVariables(values: StartValues): string[] {
  const byName: ByName = values
  const settings = settingsOf("start")
  const given = settings.filter((setting) => byName[nameOf(setting)] !== undefined)
  const conflicting = settings.filter((setting) => given.some((other) => conflict(setting, other)))
  return conflicting.map(variableOf)
}

function conflict(a: Setting, b: Setting): boolean {
  return a.conflicts === nameOf(b) || b.conflicts === nameOf(a)
}

/** As `--help` wants it typed. */
function valueText(value: Value): string {
  if (typeof value === "string") return value
  if (typeof value === "number") return String(value)
  if (typeof value === "boolean") return value ? "yes" : "no"
  return "host" in value || "path" in value ? addressText(value) : peersText(value)
}
