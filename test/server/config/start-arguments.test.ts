import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { nameOf } from "../../../server/config/setting.ts"
import type { Setting } from "../../../server/config/setting.ts"
import { SETTINGS, settingsOf } from "../../../server/config/settings.ts"
import {
  conflictingVariables,
  passedOn,
  startArguments,
} from "../../../server/config/start-arguments.ts"
import type { StartValues } from "../../../server/config/start-arguments.ts"
import { parseOptions } from "../../support/parse-options.ts"

const port = fc.nat(65_535)
const host = fc.constantFrom("127.0.0.1", "localhost", "node-3.firn.example", "[::1]", "[::]")
const address = fc.tuple(host, port).map(([name, number]) => `${name}:${number}`)
const peers = fc
  .uniqueArray(fc.nat(1_023), { minLength: 1, maxLength: 5 })
  .chain((ids) => fc.tuple(...ids.map((id) => address.map((text) => `${id}@${text}`))))
  .map((entries) => entries.join(","))
const date = fc.date({ min: new Date(0), max: new Date("2090-01-01"), noInvalidDate: true })

/** What people type: the table's own words, its choices and limits among them, and any other text. */
const texts: readonly string[] = [
  ...SETTINGS.flatMap(({ flag, help, default: text = "" }) => [
    text,
    ...`${flag} ${help}`.split(/[^\w.:@/-]+/),
  ]),
  "",
  "-x",
  "--tcp",
  "--",
  "a=b",
  ...fc.sample(
    fc.oneof(
      fc.nat(70_000).map(String),
      fc.integer({ min: 1, max: 64 }).map(String),
      address,
      peers,
      date.map((time) => time.toISOString()),
      fc.string(),
    ),
    { numRuns: 500, seed: 1 },
  ),
]

/** Values of a setting, out of the texts that it takes: a plain text is not empty. */
function valuesOf({ parse }: Setting): unknown[] {
  if (parse === undefined) return texts.filter((text) => text !== "")
  return texts.flatMap((text) => {
    try {
      return [parse(text)]
    } catch {
      return []
    }
  })
}

describe("the arguments of a node", () => {
  test("mean the values they were made of", () => {
    const settings = settingsOf("start")
    const defaults = parseOptions("start", [])
    const some = Object.fromEntries(
      settings.map((setting) => [nameOf(setting), fc.constantFrom(...valuesOf(setting))]),
    )
    fc.assert(
      fc.property(fc.record(some, { requiredKeys: [] }), fc.boolean(), (drawn, keepsFirst) => {
        const values = { ...drawn }
        for (const setting of settings) {
          const { conflicts } = setting
          if (conflicts !== undefined) delete values[keepsFirst ? nameOf(setting) : conflicts]
        }
        const args = startArguments(values)
        expect(parseOptions("start", args)).toEqual({ ...defaults, ...values })
      }),
    )
  })

  test("are those of the table, in its order", () => {
    const tcp = { host: "127.0.0.1", port: 6454 }
    const values: StartValues = {
      logLevel: "debug",
      http: "off",
      peers: [
        { nodeId: 0, address: tcp },
        { nodeId: 1, address: { host: "::1", port: 6455 } },
      ],
      tcp,
      nodeId: 0,
    }
    expect(startArguments(values).join(" ")).toBe(
      "--node-id 0 --tcp 127.0.0.1:6454 --http off " +
        "--peers 0@127.0.0.1:6454,1@[::1]:6455 --log-level debug",
    )
    expect(startArguments({})).toEqual([])
  })
})

describe("what a cluster passes on", () => {
  test("is what its nodes take as well, and not where it keeps their directories", () => {
    const args = ["--nodes", "2", "--epoch", "2020-01-01", "--log-level", "warn"]
    const epoch = Date.UTC(2020, 0, 1)
    const values = passedOn(parseOptions("cluster", args))
    expect(values).toMatchObject({ epoch, maxClockLead: 10_000, logLevel: "warn" })
    const line = startArguments(values).join(" ")
    expect(line).toContain("--epoch 2020-01-01T00:00:00.000Z --max-clock-lead 10000 ")
    expect(line).toEndWith(" --log-level warn")
    expect(startArguments(values)).not.toContain("--data-dir")
  })

  test("leaves out an epoch that was not given, since the nodes may have one", () => {
    const values = passedOn(parseOptions("cluster", ["--nodes", "2"]))
    expect(startArguments(values)).not.toContain("--epoch")
  })
})

test("the variables that conflict with what is given are those of the other option", () => {
  const peersFile = "peers.txt"
  expect(conflictingVariables({ nodeId: 0, peers: [] })).toEqual(["FIRN_PEERS_FILE"])
  expect(conflictingVariables({ peersFile })).toEqual(["FIRN_PEERS"])
  expect(conflictingVariables({ nodeId: 0, epoch: undefined, logLevel: "info" })).toEqual([])
})
