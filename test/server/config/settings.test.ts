import { describe, expect, expectTypeOf, test } from "bun:test"
import { Command } from "commander"
import { defineBench } from "../../../server/commands/bench.ts"
import { defineCluster } from "../../../server/commands/cluster.ts"
import { defineDecode } from "../../../server/commands/decode.ts"
import { defineDoctor } from "../../../server/commands/doctor.ts"
import { defineId } from "../../../server/commands/id.ts"
import { defineSeed } from "../../../server/commands/seed.ts"
import { defineStart } from "../../../server/commands/start.ts"
import { defineStatus } from "../../../server/commands/status.ts"
import { CLIENT_SETTINGS } from "../../../server/config/client-settings.ts"
import { CLUSTER_SETTINGS } from "../../../server/config/cluster-settings.ts"
import { NODE_SETTINGS } from "../../../server/config/node-settings.ts"
import type { Target } from "../../../protocol/index.ts"
import { flagOf, nameOf, variableOf } from "../../../server/config/setting.ts"
import type { CommandName, Setting } from "../../../server/config/setting.ts"
import { SETTINGS, settingsOf } from "../../../server/config/settings.ts"
import type { PassedOn, Values } from "../../../server/config/settings.ts"
import { LOG_LEVELS } from "../../../server/log.ts"
import type { ListenAddress } from "../../../server/net/address.ts"
import type { PeerEntry } from "../../../server/peers/peer-set.ts"

const program = new Command()
defineStart(program)
defineCluster(program)
defineSeed(program)
defineId(program)
defineBench(program)
defineDoctor(program)
defineStatus(program)
defineDecode(program)

/** Each setting, with a title that tells it from all others. */
const titled = SETTINGS.map((setting) => [titleOf(setting), setting] as const)

function titleOf(setting: Setting): string {
  return `${flagOf(setting)} of ${setting.commands.join(", ")}`
}

function isTaken(setting: Setting, text: string): boolean {
  try {
    setting.parse?.(text)
    return true
  } catch {
    return false
  }
}

describe("the commands", () => {
  test.each(program.commands.map((command) => [command.name(), command] as const))(
    "take no options but those of the table: %s",
    (name, command) => {
      const flags = settingsOf(name as CommandName).map(({ flag }) => flag)
      expect(flags.length).toBeGreaterThan(0)
      expect(command.options.map((option) => option.flags)).toEqual(flags)
    },
  )

  test("take all options of the table", () => {
    const names = program.commands.map((command) => command.name())
    const taking = new Set(SETTINGS.flatMap(({ commands }) => commands))
    expect([...taking].toSorted()).toEqual(names.toSorted() as CommandName[])
  })

  test("know an option by the name that its value has in the program", () => {
    for (const command of program.commands) {
      const settings = settingsOf(command.name() as CommandName)
      expect(command.options.map((option) => option.attributeName())).toEqual(settings.map(nameOf))
      expect(command.options.map((option) => option.long)).toEqual(settings.map(flagOf))
      expect(command.options.map((option) => option.envVar)).toEqual(settings.map(variableOf))
    }
  })
})

describe("a setting", () => {
  test("has a variable that is named after its flag", () => {
    const variables = new Map(SETTINGS.map((setting) => [setting.flag, variableOf(setting)]))
    expect(variables.get("--max-clock-lead <MS>")).toBe("FIRN_MAX_CLOCK_LEAD")
    expect(variables.get("--tcp <HOST:PORT|unix:PATH>")).toBe("FIRN_TCP")
  })

  test.each(titled)("has a flag, a placeholder and a sentence: %s", (_, { flag, help }) => {
    expect(flag).toMatch(/^--[a-z]+(-[a-z]+)*( <[^<>\s]+>| \[[^[\]\s]+\])?$/)
    expect(help).toMatch(/^[a-z]\S* [^\n]+[^.\s]$/)
    // What stands in code is closed again.
    expect(help.split("`").length % 2).toBe(1)
  })

  test.each(titled)("has one way at most to be left out: %s", (_, setting) => {
    const { default: text, unset, needed } = setting
    const ways = [text, unset, needed].filter((way) => way !== undefined)
    expect(ways.length).toBeLessThan(2)
    if (text !== undefined) expect(isTaken(setting, text)).toBe(true)
  })

  const ranges = titled.flatMap(([title, setting]) => {
    const [, min, max] = /, ([0-9]+) to ([0-9]+)\b/.exec(setting.help) ?? []
    return min === undefined ? [] : [[title, setting, Number(min), Number(max)] as const]
  })
  test.each(ranges)("takes the whole range it names: %s", (_, setting, min, max) => {
    const taken = [min - 1, min, max, max + 1].map((value) => isTaken(setting, String(value)))
    expect(taken).toEqual([false, true, true, false])
  })

  test("with a range is found, so that the test above cannot pass on nothing", () => {
    const named = ["--nodes of", "--node-id of", "--links-per-peer of", "--forward-timeout of"]
    const found = ranges.map(([title]) => title)
    for (const name of named) expect(found.some((title) => title.startsWith(name))).toBe(true)
  })

  test("names every log level", () => {
    const { help } = SETTINGS.find(({ flag }) => flag === "--log-level <LEVEL>")!
    const [, levels] = /: ([^;]+)/.exec(help)!
    expect(levels!.split(/, | or /)).toEqual([...LOG_LEVELS])
  })

  test.each(titled.filter(([, { conflicts }]) => conflicts !== undefined))(
    "conflicts with one of the same command: %s",
    (_, { commands, conflicts }) => {
      for (const command of commands) {
        expect(settingsOf(command).map(nameOf)).toContain(conflicts!)
      }
    },
  )
})

/** The fields of all entries, which a list cannot be checked for as it is written. */
type Field = KeysOf<
  (typeof NODE_SETTINGS | typeof CLUSTER_SETTINGS | typeof CLIENT_SETTINGS)[number]
>
type KeysOf<Entry> = Entry extends unknown ? keyof Entry : never

describe("the types", () => {
  test("of a command's values follow from the table", () => {
    type Start = Values<"start">
    expectTypeOf<Start["nodeId"]>().toEqualTypeOf<number | undefined>()
    expectTypeOf<Start["dataDir"]>().toEqualTypeOf<string | undefined>()
    expectTypeOf<Start["tcp"]>().toEqualTypeOf<ListenAddress>()
    expectTypeOf<Start["http"]>().toEqualTypeOf<ListenAddress | "off">()
    expectTypeOf<Start["peers"]>().toEqualTypeOf<readonly PeerEntry[] | undefined>()
    expectTypeOf<Start["maxClockLead"]>().toEqualTypeOf<number>()
    expectTypeOf<Values<"status">["server"]>().toEqualTypeOf<readonly ListenAddress[]>()
    expectTypeOf<Values<"id">["target"]>().toEqualTypeOf<Target | undefined>()
    expectTypeOf<Values<"cluster">["dataDir"]>().toEqualTypeOf<string>()
    expectTypeOf<Values<"seed">["nodes"]>().toEqualTypeOf<number>()
  })

  test("of what a cluster passes on are those that both commands take", () => {
    expectTypeOf<PassedOn["epoch"]>().toEqualTypeOf<number | undefined>()
    expectTypeOf<PassedOn["logLevel"]>().toEqualTypeOf<string>()
    type Both = keyof Values<"start"> & keyof Values<"cluster">
    // Each of the two has a data directory of its own.
    expectTypeOf<keyof PassedOn>().toEqualTypeOf<Exclude<Both, "dataDir">>()
  })

  test("know every field of the entries", () => {
    expectTypeOf<Exclude<Field, keyof Setting>>().toEqualTypeOf<never>()
  })
})
