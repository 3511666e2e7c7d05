import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { existsSync } from "node:fs"
import { Dialogue } from "../support/command.ts"
import { FIRN, FirnProcess, RunningNode, runFirn } from "../support/firn-process.ts"
import { IN_MOUNTS, testAllowed } from "../support/privileges.ts"
import { NodeCluster, peersText } from "../support/node-cluster.ts"
import { seedAhead } from "../support/stored-mark.ts"
import { TempDir } from "../support/temp-dir.ts"
import { pemFile } from "../support/tls-front.ts"
import { tlsArgs } from "../support/tls-node.ts"

setDefaultTimeout(60_000)

const FREE = ["--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0"]

interface Found {
  readonly exit: number | string
  /** `verdict check: says` of each finding. */
  readonly lines: readonly string[]
}

async function doctor(...args: string[]): Promise<Found> {
  const { exit, stdout, stderr } = await runFirn(["doctor", "--json", ...args])
  expect(stderr).toBe("")
  const findings = stdout.trim().split("\n")
  const lines = findings.map((line) => {
    const { verdict, check, says } = JSON.parse(line) as Record<string, string>
    return `${verdict} ${check}: ${says}`
  })
  return { exit, lines }
}

/** Whether there is such a line; the test shows all when there is none. */
function expectLine({ lines }: Found, pattern: RegExp): void {
  expect(lines.join("\n")).toMatch(new RegExp(pattern.source, "m"))
}

describe("firn doctor", () => {
  test("has nothing to say against a first start", async () => {
    using dir = new TempDir()
    // The command line of a start can be pasted as it is.
    const others = ["--drain-delay", "0", "--links-per-peer", "2", "--log-level", "warn"]
    const found = await doctor("--node-id", "3", "--data-dir", dir.at("new"), ...FREE, ...others)
    expect(found.exit).toBe(0)
    expectLine(
      found,
      /^ok data directory: nothing is stored in .*: a start makes it the directory of node 3$/,
    )
    expectLine(found, /^(ok|warn) clock: /)
    expectLine(found, /^(ok|warn) open files: a process may have \d+ here/)
    expect(found.lines.filter((line) => /^ok ports: \S+ is free$/.test(line))).toHaveLength(2)
  })

  test("knows a node that runs as itself, and its peers, while it runs", async () => {
    await using cluster = await NodeCluster.start(2)
    const peers = ["--peers", peersText(cluster.addresses)]
    const own = ["--data-dir", cluster.dir.at("node-0"), "--tcp", cluster.addresses[0]!]
    const found = await doctor(...own, "--http", cluster.node(0).http, ...peers)
    expect(found.exit).toBe(0)
    expectLine(
      found,
      /^ok data directory: \S+ is of node 0, epoch 2026-01-01T00:00:00.000Z, mark 20/,
    )
    expect(found.lines.filter((line) => line.endsWith("is this node's own: it runs"))).toHaveLength(
      2,
    )
    expectLine(found, /^ok peers: all 1 others answer as listed$/)
    expectLine(found, /^ok clocks: those of the 1 other nodes that answered agree to a second$/)
    await cluster.kill(1)
    const gone = await doctor(...own, ...peers)
    expectLine(gone, /^warn peers: node 1 at \S+ does not answer: nothing listens there$/)
    const swapped = peersText(cluster.addresses.toReversed())
    await cluster.restart(1)
    const wrong = await doctor(...own, "--peers", `0@127.0.0.1:9,1@${cluster.addresses[0]!}`)
    expect(wrong.exit).toBe(1)
    expectLine(
      wrong,
      /^bad peers: node 1 at \S+ is node 0: correct the list, or that node's --node-id$/,
    )
    const other = await doctor(
      "--node-id",
      "5",
      "--data-dir",
      cluster.dir.at("new"),
      ...FREE,
      "--peers",
      swapped,
    )
    expectLine(
      other,
      /^bad peers: the list has no node 5: give all nodes the same list, each in it$/,
    )
  })

  test("finds a port that others have, and another epoch", async () => {
    using dir = new TempDir()
    const epoch = ["--epoch", "2026-02-01"]
    await using node = await RunningNode.start(dir.at("a"), ["--node-id", "1", ...epoch])
    using stranger = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (s) => void s.end() },
    })
    const ports = ["--tcp", node.tcp, "--http", `127.0.0.1:${stranger.port}`]
    const peers = ["--peers", `0@127.0.0.1:9,1@${node.tcp}`, "--epoch", "2026-01-01"]
    const found = await doctor("--node-id", "0", "--data-dir", dir.at("b"), ...ports, ...peers)
    expect(found.exit).toBe(1)
    expectLine(found, /^bad ports: \S+ is in use by node 1: give this node another$/)
    expectLine(
      found,
      /^bad ports: \S+ is in use by another program: end it, or give the node another$/,
    )
    expectLine(found, /^bad peers: node 1 at \S+ has the epoch 2026-02-01T00:00:00.000Z: all nodes/)
  })

  test("touches no unix socket, whoever's it is", async () => {
    using dir = new TempDir()
    const path = dir.at("s")
    const at = ["--tcp", `unix:${path}`, "--http", "off"]
    const own = ["--node-id", "3", "--data-dir", dir.at("node"), ...at]
    const before = await doctor(...own)
    expectLine(before, /^ok ports: unix:\S+ is free$/)
    expect(existsSync(path)).toBe(false)
    await using node = new FirnProcess(["start", ...own])
    await node.waitForLog("listening")
    expectLine(await doctor(...own), /^ok ports: unix:\S+ is this node's own: it runs$/)
    const { exit } = await runFirn(["status", "--server", `unix:${path}`])
    expect(exit).toBe(0)
    node.kill("SIGKILL")
    await node.exit
    expectLine(await doctor(...own), /^ok ports: \S+ was left by a process that has ended/)
    const gone = ["--node-id", "3", "--data-dir", dir.at("node"), "--tcp", `unix:${dir.at("no/s")}`]
    expectLine(
      await doctor(...gone),
      /^bad ports: \S+ cannot be listened on: there is no such directory$/,
    )
  })

  test("finds a mark ahead of the clock, another identity, and files of TLS that do not fit", async () => {
    using dir = new TempDir()
    seedAhead(dir.path, 3, 3_600_000)
    const ahead = await doctor("--data-dir", dir.path, ...FREE)
    expect(ahead.exit).toBe(1)
    expectLine(
      ahead,
      /^bad data directory: .* and its mark is \d+ ms ahead of the clock: set the clock right/,
    )
    expectLine(
      await doctor("--data-dir", dir.path, "--node-id", "4", ...FREE),
      /^bad data directory: .* belongs to node id 3/,
    )
    const other = await doctor("--data-dir", dir.path, ...FREE, ...tlsArgs("server", "client-key"))
    expectLine(other, /^bad TLS: the key in \S+ is not that of the certificate in /)
    const ended = ["--tls-cert", pemFile("ended"), "--tls-key", pemFile("server-key")]
    expectLine(await doctor("--data-dir", dir.path, ...FREE, ...ended), /^bad TLS: \S+ ended at 20/)
    expectLine(
      await doctor("--data-dir", dir.path, ...FREE, ...tlsArgs()),
      /^ok TLS: .* are valid until 2/,
    )
  })

  testAllowed("mounts")(
    "finds a directory that cannot be written, and a disk that is full",
    async () => {
      using dir = new TempDir()
      const mounting = 'mount -t tmpfs -o ro,size=1M none "$0" && exec "$@"'
      const program = [...IN_MOUNTS, "sh", "-c", mounting, dir.path, ...FIRN]
      const args = ["doctor", "--node-id", "3", "--data-dir", dir.at("new"), ...FREE]
      const { exit, stdout } = await runFirn(args, { program })
      expect(exit).toBe(1)
      expect(stdout).toMatch(/^bad {3,}data directory {2,}\S+ cannot be written by this user/m)
      expect(stdout).toMatch(/^bad {3,}data directory {2,}1 MiB are free at \S+: make room$/m)
    },
  )

  test("shows a table to people", async () => {
    using dir = new TempDir()
    const { exit, stdout } = await runFirn([
      "doctor",
      "--node-id",
      "3",
      "--data-dir",
      dir.path,
      ...FREE,
    ])
    expect(exit).toBe(0)
    expect(stdout).toMatch(/^ok {4}data directory {2}nothing is stored/)
  })
})

test("firn backup says why there is none, and what to do", async () => {
  const { exit, stdout, stderr } = await runFirn(["backup", "--to", "/somewhere"])
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: "" })
  expect(stderr).toStartWith("error: a data directory must not be copied to be put back: ")
  expect(stderr).toContain("retire its node id")
})

test("firn status --watch shows a node again and again, also after it was gone", async () => {
  using dir = new TempDir()
  const args = ["--node-id", "3"]
  await using node = await RunningNode.start(dir.path, args)
  await using watch = new Dialogue([...FIRN, "status", "--watch", "--server", node.tcp])
  await watch.waitFor(/node {10}3 /)
  await watch.waitFor(/node {10}3 /)
  await node.stop()
  await watch.waitFor(/cannot reach \S+: nothing listens there/)
  await using again = await RunningNode.start(dir.path, args)
  expect(again.tcp).not.toBe("")
  watch.type("\x03")
  expect(await watch.end()).not.toBe(0)
})
