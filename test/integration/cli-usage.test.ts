import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { existsSync } from "node:fs"
import { version } from "../../package.json"
import { runFirn } from "../support/firn-process.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(30_000)

const NODE_ID = "It takes a whole number from 0 to 1023."
const LEAD = "It takes a whole number from 0 to 3600000."
const EPOCH =
  "It takes a UTC date from 1970 on, such as 2026-01-01 or 2026-01-01T00:00:00Z, or Unix milliseconds."

function invalid(option: string, value: string, why: string): string {
  return `option '${option}' argument '${value}' is invalid. ${why}`
}

function noAddress(option: string, value: string): string {
  const why = `"${value}" is not HOST:PORT, for example 127.0.0.1:6454 or [::1]:6454.`
  return invalid(option, value, why)
}

function commandLine(args: readonly string[]): string {
  const words = args.map((word) => (/^\S+$/.test(word) ? word : `"${word}"`))
  return ["firn", ...words].join(" ")
}

/** Runs where nothing may be written; returns what was said, without its prefix. */
async function refusal(args: readonly string[], env?: Record<string, string>): Promise<string> {
  using dir = new TempDir()
  const firn = await runFirn(args, { cwd: dir.path, ...(env === undefined ? {} : { env }) })
  expect(firn.stdout).toBe("")
  expect(existsSync(dir.at("data"))).toBe(false)
  const line = /^error: (.+)\n$/.exec(firn.stderr)?.[1]
  // Shows all of it when it is not one line.
  expect(line ?? firn.stderr).toBe(line!)
  expect(firn.exit).toBe(2)
  return line!
}

describe("wrong use is exit code 2 and one line that says what is right:", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    [
      "no command: it is one of start, cluster, seed, id, status, bench, doctor, decode, backup; " +
        "firn --help tells what they do",
      [],
    ],
    ["unknown command 'stort' (Did you mean start?)", ["stort"]],
    ["unknown option '--tpc' (Did you mean --tcp?)", ["start", "--tpc", "127.0.0.1:0"]],
    ["unknown option '--nothing-like-it'", ["--nothing-like-it"]],
    ["too many arguments for 'start'. Expected 0 arguments but got 1.", ["start", "now"]],
    ["option '--node-id <N>' argument missing", ["start", "--node-id"]],
    [
      "no node id: give --node-id N, 0 to 1023 and a different one for every node, " +
        "or --data-dir DIR of a node that was seeded or started before",
      ["start"],
    ],
    ...["-1", "1024", "abc", "1e3", "0x7", "1.5", "", " 1", "99999999999999999999"].map(
      (value) => [invalid("--node-id <N>", value, NODE_ID), ["start", "--node-id", value]] as const,
    ),
    ...["6454", "127.0.0.1", "127.0.0.1:65536", "127.0.0.1:-1", ":6454", "::1:6454", "off"].map(
      (value) =>
        [noAddress("--tcp <HOST:PORT|unix:PATH>", value), ["start", "--tcp", value]] as const,
    ),
    ...["on", "127.0.0.1:65536"].map(
      (value) =>
        [noAddress("--http <HOST:PORT|unix:PATH|off>", value), ["start", "--http", value]] as const,
    ),
    [
      "--tcp and --http are both 127.0.0.1:6454: each needs an address of its own",
      ["start", "--node-id", "1", "--http", "127.0.0.1:6454"],
    ],
    ...["yesterday", "2026-13-01", "1969-12-31", "-1", "2026-01-01T00:00:00+01:00"].map(
      (value) => [invalid("--epoch <ISO|MS>", value, EPOCH), ["start", "--epoch", value]] as const,
    ),
    ...(
      [
        ["--max-connections <N>", "0", "1 to 1000000"],
        ["--max-connections <N>", "1000001", "1 to 1000000"],
        ["--max-connections <N>", "many", "1 to 1000000"],
        ["--read-timeout <MS>", "999", "1000 to 3600000"],
        ["--read-timeout <MS>", "off", "1000 to 3600000"],
        ["--idle-timeout <MS>", "-1", "0 to 86400000"],
        ["--idle-timeout <MS>", "86400001", "0 to 86400000"],
        ["--tcp-keepalive <MS>", "2999", "3000 to 3600000"],
        ["--tcp-keepalive <MS>", "60s", "3000 to 3600000"],
      ] as const
    ).map(
      ([option, value, range]) =>
        [
          invalid(option, value, `It takes a whole number from ${range}.`),
          ["start", option.replace(/ .*/, ""), value],
        ] as const,
    ),
    ...["--max-clock-lead", "--max-clock-lag"].flatMap((flag) =>
      ["-1", "3600001", "10s"].map(
        (value) => [invalid(`${flag} <MS>`, value, LEAD), ["start", flag, value]] as const,
      ),
    ),
    [
      invalid(
        "--log-level <LEVEL>",
        "loud",
        "Allowed choices are trace, debug, info, warn, error, fatal, silent.",
      ),
      ["start", "--log-level", "loud"],
    ],
    ["required option '--nodes <N>' not specified", ["seed"]],
    ...["0", "1025", "three"].map(
      (value) =>
        [
          invalid("--nodes <N>", value, "It takes a whole number from 1 to 1024."),
          ["seed", "--nodes", value],
        ] as const,
    ),
    [
      invalid("--count <N>", "0", "It takes a whole number from 1 to 1000000."),
      ["id", "--count", "0"],
    ],
    [noAddress("--server <HOST:PORT|unix:PATH>", "here"), ["id", "--server", "here"]],
    [
      invalid("--target <random|ID|key:TEXT>", "1024", "A node id goes from 0 to 1023."),
      ["id", "--target", "1024"],
    ],
    ["missing required argument 'ID'", ["decode"]],
    ['"x" is not an id: a whole decimal number from 0 to 2^64-1', ["decode", "x"]],
  ]
  const named = cases.map(([message, args]) => [commandLine(args), message, args] as const)
  test.concurrent.each(named)("%s", async (_, message, args) => {
    expect(await refusal(args)).toBe(message)
  })
})

test("a data directory without a node id in it asks for one by name", async () => {
  const message =
    "no node id is stored in data/node.sqlite: give one with --node-id (0 to 1023), " +
    "a different one for every node of the cluster"
  expect(await refusal(["start", "--data-dir", "data"])).toBe(message)
})

describe("a wrong environment variable is named:", () => {
  test.concurrent.each([
    ["FIRN_NODE_ID", "abc", "--node-id <N>"],
    ["FIRN_NODE_ID", "", "--node-id <N>"],
    ["FIRN_TCP", "6454", "--tcp <HOST:PORT|unix:PATH>"],
    ["FIRN_HTTP", "yes", "--http <HOST:PORT|unix:PATH|off>"],
    ["FIRN_EPOCH", "soon", "--epoch <ISO|MS>"],
    ["FIRN_MAX_CLOCK_LEAD", "10s", "--max-clock-lead <MS>"],
    ["FIRN_MAX_CLOCK_LAG", "", "--max-clock-lag <MS>"],
    ["FIRN_PEERS_FILE", "", "--peers-file <FILE>"],
    ["FIRN_DATA_DIR", "", "--data-dir <DIR>"],
    ["FIRN_LOG_LEVEL", "loud", "--log-level <LEVEL>"],
  ])("%s=%s", async (name, value, option) => {
    const message = await refusal(["start"], { [name]: value })
    expect(message).toStartWith(
      `option '${option}' value '${value}' from env '${name}' is invalid. `,
    )
  })
})

describe("--help", () => {
  const flagsOf: Record<string, readonly string[]> = {
    start: ["node-id", "data-dir", "tcp", "http", "epoch", "max-clock-lag", "log-level"],
    cluster: ["nodes", "data-dir", "tcp-port", "http-port", "epoch", "max-clock-lead", "log-level"],
    seed: ["nodes", "data-dir", "epoch"],
    id: ["server", "count"],
    decode: ["epoch"],
  }
  test.concurrent.each(Object.keys(flagsOf))(
    "%s lists each flag with its variable",
    async (command) => {
      const { exit, stdout, stderr } = await runFirn([command, "--help"])
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" })
      const entries = stdout.replaceAll(/\s+/g, " ").split(" --")
      for (const flag of flagsOf[command]!) {
        const entry = entries.find((text) => text.startsWith(`${flag} `))
        expect(entry).toContain(`env: FIRN_${flag.replaceAll("-", "_").toUpperCase()})`)
      }
    },
  )

  test("lists the commands", async () => {
    const { exit, stdout } = await runFirn(["--help"])
    expect(exit).toBe(0)
    for (const command of Object.keys(flagsOf)) expect(stdout).toContain(`\n  ${command} `)
  })
})

test("--version prints the version of the package", async () => {
  expect(await runFirn(["--version"])).toEqual({ exit: 0, stdout: `${version}\n`, stderr: "" })
})
