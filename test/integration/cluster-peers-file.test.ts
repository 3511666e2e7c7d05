import { expect, setDefaultTimeout, test } from "bun:test"
import { rmSync, writeFileSync } from "node:fs"
import { Op, Status, decodeId } from "../../protocol/index.ts"
import { rendezvousOwner } from "../../server/routing/rendezvous.ts"
import { expectDistinct } from "../support/ids.ts"
import { NodeCluster } from "../support/node-cluster.ts"
import { OrderedLoad } from "../support/ordered-load.ts"
import { idsStep, markerStep } from "../support/steps.ts"
import type { Step } from "../support/steps.ts"
import { TcpClient } from "../support/tcp-client.ts"

setDefaultTimeout(60_000)

/** Longer than a test waits: no request fails only because the machine is busy. */
const NO_TIMEOUT = ["--forward-timeout", "60000"]
const ERROR_LEVEL = 50

/** The file that all nodes read. */
function peersFile(cluster: NodeCluster): string {
  return cluster.dir.at("peers.txt")
}

/** Lists these nodes as people do. */
function list(cluster: NodeCluster, nodeIds: readonly number[]): void {
  const lines = nodeIds.map((node) => `  ${node}@${cluster.addresses[node]}   # node ${node}\r`)
  writeFileSync(peersFile(cluster), ["# the cluster", "", ...lines, "#9@nowhere:1"].join("\n"))
}

/** SIGHUP to these nodes; resolves when each has read the list. */
async function reread(cluster: NodeCluster, nodeIds: readonly number[]): Promise<void> {
  await Promise.all(
    nodeIds.map(async (nodeId) => {
      const node = cluster.node(nodeId)
      const before = node.logged("peers-listed").length
      node.kill("SIGHUP")
      await node.waitForLog("peers-listed", before + 1)
    }),
  )
}

async function startListed(nodeIds: readonly number[], size: number): Promise<NodeCluster> {
  const cluster = new NodeCluster(size)
  list(cluster, nodeIds)
  const args = ["--peers-file", peersFile(cluster), ...NO_TIMEOUT]
  await Promise.all(nodeIds.map((nodeId) => cluster.startNode(nodeId, args)))
  return cluster
}

/** Expects a node to use the nodes `listed` and no other, for RANDOM and for keys. */
async function expectUsed(cluster: NodeCluster, nodeId: number, listed: number[]): Promise<void> {
  using client = await TcpClient.connect(cluster.addresses[nodeId]!)
  const random = await client.askAll(Array(300).fill({ op: Op.RANDOM }))
  expect(new Set(random.map(({ value }) => decodeId(value).node))).toEqual(new Set(listed))
  const hashes = Array.from({ length: 100 }, (_, i) => i * 7_919)
  const byKey = await client.askAll(hashes.map((target) => ({ op: Op.KEY, target })))
  expect(byKey.map(({ value }) => decodeId(value).node)).toEqual(
    hashes.map((hash) => rendezvousOwner(hash, listed)),
  )
}

test("a list with comments, blank lines and spaces is read at the start", async () => {
  await using cluster = await startListed([0, 1, 2], 3)
  for (const nodeId of [0, 1, 2]) await expectUsed(cluster, nodeId, [0, 1, 2])
})

test("SIGHUP adds and removes nodes under load, and no request fails", async () => {
  await using cluster = await startListed([0, 1, 2], 4)
  const anywhere = [0, 1, 2, 3]
  const step = (number: number): Step => {
    if (number % 5 === 4) return markerStep(number)
    if (number % 5 === 3) return idsStep({}, anywhere)
    return idsStep(
      number % 2 === 0 ? { op: Op.RANDOM } : { op: Op.KEY, target: number * 7_919 },
      anywhere,
    )
  }
  const starting = [0, 1].map((nodeId) => {
    return OrderedLoad.start(cluster.addresses[nodeId]!, { connections: 4, depth: 20, step })
  })
  const loads = await Promise.all(starting)
  using stack = new DisposableStack()
  for (const load of loads) stack.use(load)
  const progress = async (): Promise<void> => {
    await Promise.all(loads.map((load) => load.progress(300)))
  }
  await progress()

  list(cluster, [0, 1, 2, 3])
  await cluster.startNode(3, ["--peers-file", peersFile(cluster), ...NO_TIMEOUT])
  await reread(cluster, [0, 1, 2])
  await progress()
  for (const nodeId of anywhere) await expectUsed(cluster, nodeId, [0, 1, 2, 3])

  for (let round = 0; round < 5; round++) {
    list(cluster, [0, 1, 3])
    await reread(cluster, [0, 1, 3])
    await progress()
    list(cluster, [0, 1, 2, 3])
    await reread(cluster, [0, 1, 2, 3])
    await progress()
  }

  list(cluster, [0, 1, 3])
  await reread(cluster, [0, 1, 3])
  for (const nodeId of [0, 1, 3]) await expectUsed(cluster, nodeId, [0, 1, 3])
  // Nobody misses it.
  expect(await cluster.node(2).stop()).toBe(0)
  await progress()
  using client = await TcpClient.connect(cluster.addresses[0]!)
  const gone = await client.ask({ op: Op.NODE, target: 2 })
  expect(gone).toEqual({ status: Status.UNKNOWN_NODE, value: 2n })

  await Promise.all(loads.map((load) => load.stop()))
  for (const { mismatches, lost } of loads) {
    expect({ mismatches, lost }).toEqual({ mismatches: [], lost: 0 })
  }
  expectDistinct(loads.map(({ ids }) => ids))
  for (const nodeId of [0, 1, 3]) {
    expect(cluster.node(nodeId).log.filter(({ level }) => level >= 40)).toEqual([])
  }
})

test("SIGHUP moves a node to another address, which is then asked", async () => {
  await using cluster = await startListed([0, 1], 3)
  await expectUsed(cluster, 0, [0, 1])
  expect(await cluster.node(1).stop()).toBe(0)
  // The same node on another port.
  await cluster.startNode(1, ["--tcp", cluster.addresses[2]!, ...NO_TIMEOUT])
  const lines = [`0@${cluster.addresses[0]}`, `1@${cluster.addresses[2]}`]
  writeFileSync(peersFile(cluster), lines.join("\n"))
  await reread(cluster, [0])
  await expectUsed(cluster, 0, [0, 1])
  expect((await cluster.status(0)).peers).toMatchObject([
    { node: 1, address: cluster.addresses[2]!, state: "up" },
  ])
})

test("a list that cannot be read leaves the old one in use, and the log says why", async () => {
  await using cluster = await startListed([0, 1], 2)
  const node = cluster.node(0)
  using client = await TcpClient.connect(cluster.addresses[0]!)
  const file = peersFile(cluster)
  const address = cluster.addresses[1]!
  const broken: [string | undefined, string][] = [
    [
      `0@${cluster.addresses[0]}\n1@${address}\n1@127.0.0.1:1`,
      '"1@127.0.0.1:1" lists node 1 twice',
    ],
    [`1024@${address}`, `"1024@${address}" has node id 1024`],
    ["1@127.0.0.1", '"1@127.0.0.1"'],
    ["one node", '"one node" is not ID@HOST:PORT'],
    ["", "lists no node"],
    [`1@${address}`, "does not list this node, which is 0"],
    ["#".repeat(5_000_000), "is larger than 1048576 bytes"],
    [undefined, "cannot be read"],
  ]
  for (const [i, [content, reason]] of broken.entries()) {
    if (content === undefined) rmSync(file)
    else writeFileSync(file, content)
    node.kill("SIGHUP")
    const line = await node.waitForLog("peers-not-read", i + 1)
    expect(line.level).toBe(ERROR_LEVEL)
    expect(line.msg).toContain("the old list stays")
    expect(line["reason"]).toStartWith(file)
    expect(line["reason"]).toContain(reason)
    expect((await client.ask({ op: Op.NODE, target: 1 })).status).toBe(Status.OK)
  }
  await expectUsed(cluster, 0, [0, 1])
  // And the next good one is taken.
  list(cluster, [0])
  await reread(cluster, [0])
  expect((await client.ask({ op: Op.NODE, target: 1 })).status).toBe(Status.UNKNOWN_NODE)
  await expectUsed(cluster, 0, [0])
})
