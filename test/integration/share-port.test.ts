import { expect, setDefaultTimeout, test } from "bun:test"
import { FirnClient } from "../../client-sdk/index.ts"
import { Op, Status, decodeId } from "../../protocol/index.ts"
import { within } from "../support/deadline.ts"
import { runFirn } from "../support/firn-process.ts"
import { run } from "../support/command.ts"
import { FREE_PORTS, RunningCluster } from "../support/running-cluster.ts"
import { ShownFirn } from "../support/shown-firn.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(60_000)

const NODES = 8
const SHARED = ["--share-port", "--drain-delay", "100"]

/** Connects so many times. @returns how often each node was there, by its id */
async function spread(address: string, connections: number): Promise<Map<number, number>> {
  const counts = new Map<number, number>()
  for (let i = 0; i < connections; i++) {
    using client = await TcpClient.connect(address)
    const { value } = await client.ask()
    const { node } = decodeId(value)
    counts.set(node, (counts.get(node) ?? 0) + 1)
  }
  return counts
}

testWith(
  "/proc",
  "curl",
  "nc",
  "bash",
)("nodes of a machine share one address for TCP and one for HTTP", async () => {
  using dir = new TempDir()
  await using cluster = await RunningCluster.start(dir.path, NODES, SHARED)
  const { sharedTcp, sharedHttp } = cluster
  const counts = [...(await spread(sharedTcp, 100 * NODES)).values()]
  expect(counts.length).toBe(NODES)
  expect(Math.max(...counts)).toBeLessThan(2 * Math.min(...counts))

  // Each has an address of its own as well, by which the others reach it.
  for (const { node, tcp } of cluster.nodes) {
    using client = await TcpClient.connect(tcp)
    const next = (node + 1) % NODES
    const [own, other] = await client.askAll([{}, { op: Op.NODE, target: next }])
    expect([own, other].map((answer) => decodeId(answer!.value).node)).toEqual([node, next])
    expect((await client.ask({ op: Op.PING, count: 0 })).status).toBe(Status.OK)
  }
  const nodes = new Set<number>()
  for (let i = 0; i < 60; i++) {
    const response = await fetch(`http://${sharedHttp}/lunique`, { keepalive: false })
    nodes.add(decodeId(BigInt((await response.text()).trim())).node)
  }
  expect(nodes.size).toBeGreaterThan(NODES / 2)
  expect(await cluster.stop()).toBe(0)
})

testWith(
  "bash",
  "curl",
  "nc",
)("the lines to try ask whichever answers", async () => {
  using dir = new TempDir()
  const args = ["cluster", "--nodes", "2", "--data-dir", dir.path, ...FREE_PORTS, ...SHARED]
  await using cluster = await ShownFirn.start(args)
  const all = cluster.nodes.at(-1)!
  expect(all.node).toBe("all")
  for (const line of cluster.tries.slice(0, 3)) {
    expect(line.includes(all.http) || line.includes(all.tcp.replace(":", " "))).toBe(true)
    expect((await run(["bash", "-c", line])).stdout).toMatch(/^[0-9]+\n/)
  }
  expect(await cluster.stop()).toBe(0)
})

testWith("/proc")("each of them is restarted without a failed call", async () => {
  using dir = new TempDir()
  await using cluster = await RunningCluster.start(dir.path, NODES, SHARED)
  const over = new AbortController()
  const options = { servers: [cluster.sharedTcp], connectionsPerServer: 16 }
  await using client = new FirnClient(options)
  const seen = new Set<number>()
  let calls = 0
  const calling = Array.from({ length: 50 }, async () => {
    while (!over.signal.aborted) {
      const id = await client.id()
      seen.add(decodeId(id).node)
      calls++
    }
  })
  for (const [restarts, { pid }] of cluster.nodes.entries()) {
    const callsBefore = calls
    process.kill(pid, "SIGTERM")
    await cluster.waitForLog("node-restarted", restarts + 1)
    expect(calls).toBeGreaterThan(callsBefore)
  }
  over.abort()
  // A call that failed fails the test.
  await within("the calls", Promise.all(calling))
  expect(seen.size).toBeGreaterThan(NODES / 2)
})

testWith("/proc")(
  "a cluster does not take the address of another for one that it shares",
  async () => {
    using dir = new TempDir()
    await using cluster = await RunningCluster.start(dir.at("one"), 2, SHARED)
    const [port, httpPort] = [cluster.sharedTcp, cluster.sharedHttp].map(
      (text) => text.split(":")[1]!,
    )
    const ports = ["--tcp-port", port!, "--http-port", httpPort!]
    const other = await runFirn([
      "cluster",
      "--nodes",
      "2",
      "--data-dir",
      dir.at("two"),
      ...ports,
      ...SHARED,
    ])
    expect(other.exit).toBe(1)
    expect(other.stderr).toMatch(/node id [01] is in use by the process at/)
  },
)

test.each([
  [["--shared-tcp", "127.0.0.1:0"], "nodes that share an address need its port"],
  [["--shared-tcp", "unix:/x"], '"unix:/x" is not HOST:PORT'],
])("wrong use is refused: %j", async (args, reason) => {
  using dir = new TempDir()
  const refused = await runFirn(["start", "--node-id", "1", "--data-dir", dir.at("n"), ...args])
  expect([refused.exit, refused.stderr]).toEqual([2, expect.stringContaining(reason)])
})
