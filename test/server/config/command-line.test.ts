import { afterEach, describe, expect, test } from "bun:test"
import { Command } from "commander"
import { defineCommand } from "../../../server/config/command-line.ts"
import { nameOf } from "../../../server/config/setting.ts"
import type { CommandName } from "../../../server/config/setting.ts"
import { settingsOf } from "../../../server/config/settings.ts"
import { parseOptions } from "../../support/parse-options.ts"

/** `--help` of a command, without its line breaks. */
function helpOf(name: CommandName): string {
  return defineCommand(new Command(), name, "").helpInformation().replaceAll(/\s+/g, " ")
}

const variables: string[] = []

function setVariable(name: string, value: string): void {
  variables.push(name)
  process.env[name] = value
}

afterEach(() => {
  for (const name of variables.splice(0)) delete process.env[name]
})

/** Each command with what it cannot do without. */
const COMMANDS: readonly (readonly [CommandName, readonly string[]])[] = [
  ["start", []],
  ["cluster", ["--nodes", "3"]],
  ["seed", ["--nodes", "3"]],
  ["id", []],
  ["status", []],
  ["decode", []],
]

describe("without options", () => {
  test.each(COMMANDS)("%s has its defaults and nothing else", (command, args) => {
    const expected = settingsOf(command).flatMap((setting) => {
      const { parse = String, default: text, needed } = setting
      if (text === undefined) return needed ? [[nameOf(setting), 3]] : []
      return [[nameOf(setting), parse(text)]]
    })
    expect(parseOptions(command, args)).toStrictEqual(Object.fromEntries(expected))
  })

  test("a node listens on loopback, alone, and may run ahead of the clock by 10 s", () => {
    const { tcp, http, peers, peersFile, maxClockLead } = parseOptions("start", [])
    expect(tcp).toEqual({ host: "127.0.0.1", port: 6454 })
    expect(http).toEqual({ host: "127.0.0.1", port: 5454 })
    expect([peers, peersFile]).toEqual([undefined, undefined])
    expect(maxClockLead).toBe(10_000)
  })

  test("the clients ask where a node and the first of a cluster listen", () => {
    const { tcp, http } = parseOptions("start", [])
    expect(parseOptions("id", []).server).toEqual([tcp])
    expect(parseOptions("status", []).server).toEqual([tcp])
    const { tcpPort, httpPort } = parseOptions("cluster", ["--nodes", "1"])
    expect(tcp).toMatchObject({ port: tcpPort })
    expect(http).toMatchObject({ port: httpPort })
  })
})

describe("an option", () => {
  test("comes from its variable, and rather from the command line", () => {
    setVariable("FIRN_MAX_CLOCK_LEAD", "5")
    setVariable("FIRN_LOG_LEVEL", "debug")
    const { maxClockLead, logLevel } = parseOptions("start", ["--log-level", "warn"])
    expect({ maxClockLead, logLevel }).toEqual({ maxClockLead: 5, logLevel: "warn" })
  })

  test("of which there may be several is given with commas, or again and again", () => {
    const ports = (...args: string[]): unknown[] => {
      return parseOptions("id", args).server.map((server) => "port" in server && server.port)
    }
    expect(ports("--server", "a:1, b:2")).toEqual([1, 2])
    expect(ports("--server", "a:1", "--server", "b:2,c:3")).toEqual([1, 2, 3])
    setVariable("FIRN_SERVER", "a:4,b:5")
    expect(ports()).toEqual([4, 5])
    expect(ports("--server", "a:1")).toEqual([1])
    expect(() => ports("--server", "a:1,")).toThrow('"" is not HOST:PORT')
  })

  test("that is yes or no may stand alone", () => {
    const sharePort = (...args: string[]): boolean =>
      parseOptions("cluster", ["--nodes", "1", ...args]).sharePort
    expect([sharePort(), sharePort("--share-port"), sharePort("--share-port", "no")]).toEqual([
      false,
      true,
      false,
    ])
    expect(() => sharePort("--share-port", "maybe")).toThrow("Allowed choices are yes, no")
    setVariable("FIRN_SHARE_PORT", "yes")
    expect([sharePort(), sharePort("--share-port", "no")]).toEqual([true, false])
  })

  test("that is needed is asked for", () => {
    expect(() => parseOptions("seed", [])).toThrow("required option '--nodes <N>' not specified")
    setVariable("FIRN_NODES", "2")
    expect(parseOptions("seed", []).nodes).toBe(2)
  })

  test("is refused with its flag, its text and what is right", () => {
    expect(() => parseOptions("start", ["--links-per-peer", "65"])).toThrow(
      "option '--links-per-peer <N>' argument '65' is invalid. It takes a whole number from 1 to 64.",
    )
    setVariable("FIRN_TCP", "6454")
    expect(() => parseOptions("start", [])).toThrow(
      "option '--tcp <HOST:PORT|unix:PATH>' value '6454' from env 'FIRN_TCP' is invalid. " +
        '"6454" is not HOST:PORT, for example 127.0.0.1:6454 or [::1]:6454.',
    )
  })

  test.each([
    [["--peers", "0@127.0.0.1:1", "--peers-file", "peers.txt"]],
    [["--peers-file", "peers.txt", "--peers", "0@127.0.0.1:1"]],
  ])("is refused beside one that it conflicts with: %j", (args) => {
    expect(() => parseOptions("start", args)).toThrow(
      "option '--peers-file <FILE>' cannot be used with option '--peers <LIST>'",
    )
  })
})

describe("--help", () => {
  test.each(COMMANDS.map(([command]) => command))("of %s says all that the table says", (name) => {
    const help = helpOf(name)
    for (const setting of settingsOf(name)) {
      const { flag, help: sentence, default: text, unset } = setting
      const absent = text ?? unset
      const entry = absent === undefined ? sentence : `${sentence} (default: ${absent}`
      expect(help, nameOf(setting)).toContain(` ${flag} ${entry.replaceAll("`", "")}`)
    }
  })
})
