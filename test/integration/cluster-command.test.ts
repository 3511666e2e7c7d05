import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { DEFAULT_EPOCH_MS, decodeId } from "../../protocol/index.ts"
import { NodeFile } from "../../server/storage/sqlite/node-file.ts"
import { FreePorts } from "../../server/supervisor/free-ports.ts"
import { Dialogue } from "../support/command.ts"
import { within } from "../support/deadline.ts"
import { FIRN, runFirn } from "../support/firn-process.ts"
import { expectDistinct, expectIncreasing } from "../support/ids.ts"
import { ROOT } from "../support/paths.ts"
import { FREE_PORTS, RunningCluster, gone, running } from "../support/running-cluster.ts"
import type { ClusterNode } from "../support/running-cluster.ts"
import { storedMark } from "../support/stored-mark.ts"
import { TcpClient, splitAddress } from "../support/tcp-client.ts"
import { ShownFirn } from "../support/shown-firn.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(60_000)

/** An id that the node itself gives out. */
async function idOf({ tcp }: ClusterNode): Promise<bigint> {
  using client = await TcpClient.connect(tcp)
  const { status, value } = await client.ask()
  expect(status).toBe(0)
  return value
}

async function idsOf(cluster: RunningCluster): Promise<bigint[]> {
  return await Promise.all(cluster.nodes.map(idOf))
}

describe("a cluster that has started", () => {
  test("has nodes 0 to N-1, each listening at its addresses with its own id", async () => {
    using dir = new TempDir()
    await using cluster = await RunningCluster.start(dir.path, 4)
    expect(cluster.nodes.map(({ node }) => node)).toEqual([0, 1, 2, 3])
    const ids = await idsOf(cluster)
    expect(ids.map((id) => decodeId(id).node)).toEqual([0, 1, 2, 3])
    const texts = cluster.nodes.map(async ({ http }) => {
      const response = await fetch(`http://${http}/lunique`)
      return (await response.text()).trim()
    })
    expect((await Promise.all(texts)).map((id) => decodeId(id).node)).toEqual([0, 1, 2, 3])
    expect(await cluster.stop()).toBe(0)
  })

  test("has logged JSON lines only, each with the node it is of", async () => {
    using dir = new TempDir()
    await using cluster = await RunningCluster.start(dir.path, 3)
    expect(await cluster.stop()).toBe(0)
    expect(cluster.stderr).toBe("")
    expect(cluster.stdout.trimEnd().split("\n")).toHaveLength(cluster.log.length)
    for (const { node } of cluster.log) expect([0, 1, 2, "cluster"]).toContain(node as number)
    for (const event of ["listening", "stopping", "stopped"]) {
      const sources = cluster.logged(event).map(({ node }) => String(node))
      expect(sources.filter((node) => node !== "cluster").toSorted()).toEqual(["0", "1", "2"])
    }
    // They are for people, on a terminal.
    expect([...cluster.logged("try"), ...cluster.logged("table")]).toEqual([])
  })

  test("shows a table of its addresses and what to try, on a terminal", async () => {
    using dir = new TempDir()
    const args = ["cluster", "--nodes", "2", "--data-dir", dir.path, ...FREE_PORTS]
    await using cluster = await ShownFirn.start(args, { cwd: dir.path })
    const [first, last] = cluster.nodes
    const { hostname, port } = splitAddress(first!.tcp)
    expect(cluster.tries).toEqual([
      `curl http://${first!.http}/lunique`,
      `curl 'http://${last!.http}/dunique?target=random'`,
      `printf 'lunique\\nquit\\n' | nc ${hostname} ${port}`,
      `telnet ${hostname} ${port}   (then type: lunique, help or quit)`,
      `${join(ROOT, "server/firn")} status --server ${first!.http}`,
    ])
    expect(cluster.lines.filter((line) => /^(node {2}TCP|[0-9] {5})/.test(line))).toEqual([
      "node  TCP              HTTP",
      `0     ${first!.tcp}  ${first!.http}`,
      `1     ${last!.tcp}  ${last!.http}`,
    ])
  })

  test("goes on, and stops in order, when nobody reads its log any more", async () => {
    using dir = new TempDir()
    await using cluster = await RunningCluster.start(dir.path, 2)
    await cluster.closeOutput()
    const ids = await idsOf(cluster)
    expect(await cluster.stop()).toBe(0)
    expect(cluster.stderr).toBe("")
    expect(storedMark(dir.at("node-1"))).toBe(decodeId(ids[1]!).time + 1)
  })

  test("has nodes that know each other, whatever list of nodes a variable names", async () => {
    using dir = new TempDir()
    const env = { FIRN_PEERS_FILE: dir.at("nowhere") }
    await using cluster = await RunningCluster.start(dir.path, 2, [], { env })
    const response = await fetch(`http://${cluster.nodes[0]!.http}/nodes`)
    const { peers } = (await response.json()) as { peers: unknown[] }
    expect(peers).toMatchObject([{ node: 1, address: cluster.nodes[1]!.tcp }])
    expect(await cluster.stop()).toBe(0)
  })

  test("keeps a second one off its data", async () => {
    using dir = new TempDir()
    await using cluster = await RunningCluster.start(dir.path, 1)
    const args = ["cluster", "--nodes", "1", "--data-dir", dir.path, ...FREE_PORTS]
    const { exit, stderr } = await runFirn(args)
    expect(exit).toBe(1)
    expect(stderr).toBe(
      `error: node 0: ${dir.at("node-0", "node.sqlite")} is in use by another process: ` +
        "one node, one data directory\n",
    )
    await idsOf(cluster)
    expect(await cluster.stop()).toBe(0)
  })
})

test("a node that is killed is started again, which is said, and gives out ids above", async () => {
  using dir = new TempDir()
  await using cluster = await RunningCluster.start(dir.path, 3)
  const victim = cluster.nodes[1]!
  const before = await idOf(victim)
  process.kill(victim.pid, "SIGKILL")
  const died = await cluster.waitForLog("node-died")
  expect(died).toMatchObject({ node: "cluster", nodeId: 1, exitCode: null, signal: "SIGKILL" })
  // The first backoff is 50 ms, of which chance takes off up to a half.
  expect(died["restartInMs"]).toBeWithin(25, 51)
  const restarted = await cluster.waitForLog("node-restarted")
  expect(restarted).toMatchObject({ node: "cluster", nodeId: 1 })
  expect(restarted["pid"]).not.toBe(victim.pid)
  const after = await idOf(victim)
  expect(decodeId(after).node).toBe(1)
  expectIncreasing([before, after])
  // The others were left alone, and the cluster is announced once.
  expect(cluster.logged("node-died")).toHaveLength(1)
  expect(cluster.logged("cluster-listening")).toHaveLength(1)
  expect(await cluster.stop()).toBe(0)
})

test("no id comes twice, whatever nodes are killed and however often the cluster starts", async () => {
  using dir = new TempDir()
  const ids: bigint[][] = []
  for (const [round, victim] of [0, 1].entries()) {
    await using cluster = await RunningCluster.start(dir.path, 2)
    ids.push(await idsOf(cluster))
    process.kill(cluster.nodes[victim]!.pid, "SIGKILL")
    await cluster.waitForLog("node-restarted")
    ids.push(await idsOf(cluster))
    // The first cluster stops in order, the second one is killed.
    if (round === 0) expect(await cluster.stop()).toBe(0)
  }
  await using cluster = await RunningCluster.start(dir.path, 2)
  ids.push(await idsOf(cluster))
  expectDistinct(ids)
  expect(ids.flat()).toHaveLength(10)
})

describe("the end", () => {
  testWith("/proc").each(["SIGTERM", "SIGINT"] as const)(
    "by %s stops every node in order, and a second signal changes nothing",
    async (signal) => {
      using dir = new TempDir()
      await using cluster = await RunningCluster.start(dir.path, 3)
      const ids = await idsOf(cluster)
      cluster.kill(signal)
      await cluster.waitForLog("stopping")
      cluster.kill("SIGINT")
      cluster.kill("SIGTERM")
      expect(await within("the end", cluster.exit)).toBe(0)
      expect(running(cluster.pids)).toEqual([])
      expect(cluster.stderr).toBe("")
      expect(cluster.log.at(-1)).toMatchObject({ node: "cluster", event: "stopped" })
      expect(cluster.logged("node-died")).toEqual([])
      const marks = ids.map((_, nodeId) => storedMark(dir.at(`node-${nodeId}`)))
      expect(marks).toEqual(ids.map((id) => decodeId(id).time + 1))
    },
  )

  testWith("/proc")("of a supervisor that is killed is the end of its nodes", async () => {
    using dir = new TempDir()
    await using cluster = await RunningCluster.start(dir.path, 3)
    const ids = await idsOf(cluster)
    expect(running(cluster.pids)).toEqual(cluster.pids)
    cluster.kill("SIGKILL")
    await gone(cluster.pids)
    // The nodes stopped in order, each with its exact mark.
    const marks = ids.map((_, nodeId) => storedMark(dir.at(`node-${nodeId}`)))
    expect(marks).toEqual(ids.map((id) => decodeId(id).time + 1))
  })

  testWith("/proc")("by Ctrl-C on a terminal, where the log is for people", async () => {
    using dir = new TempDir()
    const args = ["cluster", "--nodes", "2", "--data-dir", dir.path, ...FREE_PORTS]
    await using terminal = new Dialogue([...FIRN, ...args])
    await terminal.waitFor(/node 0 {2}listening|node 1 {2}listening/)
    await terminal.waitFor(/cluster {2}2 nodes listen/)
    await terminal.waitFor(/cluster {2}1 +127\.0\.0\.1:[0-9]+ +127\.0\.0\.1:[0-9]+/)
    await terminal.waitFor(/cluster {2}try: npx firn status/)
    terminal.type("\x03")
    await terminal.waitFor(/cluster {2}stopping/)
    expect(await terminal.end()).toBe(0)
    expect(terminal.screen).not.toContain('{"level"')
    expect(terminal.screen).not.toContain("node-died")
    expect([0, 1].map((nodeId) => storedMark(dir.at(`node-${nodeId}`)))).toEqual([0, 0])
  })
})

describe("what cannot be run ends the whole, with one line that names the node:", () => {
  test("a directory that belongs to another node id is exit code 2", async () => {
    using dir = new TempDir()
    NodeFile.create(dir.at("node-1"), { nodeId: 7, epochMs: DEFAULT_EPOCH_MS })
    const args = ["cluster", "--nodes", "3", "--data-dir", dir.path, ...FREE_PORTS]
    const { exit, stdout, stderr } = await runFirn(args)
    expect(exit).toBe(2)
    const why =
      `${dir.at("node-1", "node.sqlite")} belongs to node id 7, but --node-id is 1: ` +
      "a node id never changes; use another data directory"
    expect(stderr).toBe(`error: node 1: ${why}\n`)
    // What the node wrote to its standard error is in the log, as a line of that node.
    const lines = stdout.trimEnd().split("\n")
    const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(logged).toContainEqual(
      expect.objectContaining({ level: 50, node: 1, event: "stderr", msg: `error: ${why}` }),
    )
    expect(stdout).not.toContain("node-died")
    NodeFile.open(dir.at("node-1"), { nodeId: 7 }).close()
  })

  test("another epoch than the one stored is exit code 2", async () => {
    using dir = new TempDir()
    NodeFile.create(dir.at("node-0"), { nodeId: 0, epochMs: DEFAULT_EPOCH_MS })
    const args = ["--data-dir", dir.path, ...FREE_PORTS, "--epoch", "2020-01-01"]
    const { exit, stderr } = await runFirn(["cluster", "--nodes", "2", ...args])
    expect(exit).toBe(2)
    expect(stderr).toStartWith(`error: node 0: ${dir.at("node-0", "node.sqlite")} has the epoch `)
    // The other one was made with the epoch asked for.
    NodeFile.open(dir.at("node-1"), { nodeId: 1, epochMs: Date.UTC(2020, 0, 1) }).close()
  })

  test.each(["TCP", "HTTP"])("a port for %s that is taken is exit code 1", async (what) => {
    using dir = new TempDir()
    using ports = new FreePorts(2, Math.random)
    const port = ports.take()
    expect(ports.take()).toBe(port + 1)
    using _ = Bun.listen({ hostname: "127.0.0.1", port: port + 1, socket: { data() {} } })
    // The port of the last node, so that the other has to be stopped. A later flag counts.
    const flags = [...FREE_PORTS, `--${what.toLowerCase()}-port`, `${port}`]
    const args = ["cluster", "--nodes", "2", "--data-dir", dir.path, ...flags]
    const { exit, stderr } = await runFirn(args)
    const address = `127.0.0.1:${port + 1}`
    expect(stderr).toBe(
      `error: node 1: cannot listen for ${what} on ${address}: it is in use by another process\n`,
    )
    expect(exit).toBe(1)
  })
})

describe("wrong use is exit code 2, with nothing written:", () => {
  const nodes = "It takes a whole number from 1 to 1024."
  const port = "It takes a whole number from 0 to 65535."
  test.concurrent.each([
    ["", "required option '--nodes <N>' not specified"],
    ["--nodes 0", `option '--nodes <N>' argument '0' is invalid. ${nodes}`],
    ["--nodes 1025", `option '--nodes <N>' argument '1025' is invalid. ${nodes}`],
    [
      "--nodes 2 --tcp-port 65536",
      `option '--tcp-port <PORT>' argument '65536' is invalid. ${port}`,
    ],
    ["--nodes 2 --tcp-port 65535", "2 nodes from --tcp-port 65535 on would need ports above 65535"],
    [
      "--nodes 3 --tcp-port 7000 --http-port 7002",
      "3 nodes need --tcp-port 7000 and --http-port 7002 at least 3 ports apart",
    ],
  ])("%s", async (flags, message) => {
    using dir = new TempDir()
    const args = ["cluster", ...flags.split(" ").filter((word) => word !== "")]
    const { exit, stdout, stderr } = await runFirn(args, { cwd: dir.path })
    expect({ exit, stdout, stderr }).toEqual({ exit: 2, stdout: "", stderr: `error: ${message}\n` })
    expect(existsSync(dir.at("data"))).toBe(false)
  })
})
