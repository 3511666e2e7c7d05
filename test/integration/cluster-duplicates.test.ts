import { expect, setDefaultTimeout, test } from "bun:test"
import { writeFileSync } from "node:fs"
import { Op, Status, decodeId } from "../../protocol/index.ts"
import { within } from "../support/deadline.ts"
import { RunningNode, runFirn } from "../support/firn-process.ts"
import { NodeCluster, nodeStatus } from "../support/node-cluster.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TcpProxy } from "../support/tcp-proxy.ts"

setDefaultTimeout(60_000)

/** How often a node asks who answers at its own address. */
const OWN_ADDRESS_MS = 10_000

const ERROR_LEVEL = 50

/** A second process with node id 0 and a data directory of its own, on any port. */
function secondArgs(cluster: NodeCluster, ...args: string[]): string[] {
  const dataDir = ["--data-dir", cluster.dir.at("second"), "--node-id", "0"]
  return ["start", ...dataDir, "--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0", ...args]
}

async function startSecond(cluster: NodeCluster, ...args: string[]): Promise<RunningNode> {
  return await RunningNode.start(cluster.dir.at("second"), ["--node-id", "0", ...args])
}

async function readiness({ http }: RunningNode): Promise<{ status: number; body: string }> {
  const response = await within("/readyz", fetch(`http://${http}/readyz`))
  return { status: response.status, body: await response.text() }
}

/** Expects the duplicate to be logged as an error, shown and counted, and ids to go on. */
async function expectReported(node: RunningNode, address: string): Promise<void> {
  const reason = `another process with this node's id 0 answers at ${address}`
  const line = await node.waitForLog("duplicate-node")
  expect(line).toMatchObject({ address, level: ERROR_LEVEL, msg: reason })
  expect(await readiness(node)).toEqual({ status: 503, body: `duplicate node id: ${reason}\n` })
  expect(await nodeStatus(node)).toMatchObject({
    unready: `duplicate node id: ${reason}`,
    duplicatesFound: 1,
  })
}

test("a second process with a node's id is refused: the first answers at the listed address", async () => {
  await using cluster = await NodeCluster.start(2)
  const peers = `0@${cluster.addresses[0]},1@${cluster.addresses[1]}`
  const startMs = performance.now()
  const outcome = await runFirn(secondArgs(cluster, "--peers", peers))
  expect(outcome).toEqual({
    exit: 1,
    stdout: "",
    stderr:
      `error: node id 0 is in use by the process at ${cluster.addresses[0]}: ` +
      "stop it, or give this node another id\n",
  })
  expect(performance.now() - startMs).toBeLessThan(5_000)
  // Neither the first nor the other node minds.
  using client = await TcpClient.connect(cluster.addresses[1]!)
  const { status, value } = await client.ask({ op: Op.NODE, target: 0 })
  expect([status, decodeId(value).node]).toEqual([Status.OK, 0])
  expect(await readiness(cluster.node(0))).toEqual({ status: 200, body: "ready\n" })
})

test("so is one that finds its id at the address of another node", async () => {
  await using cluster = await NodeCluster.start(1)
  const own = cluster.freeAddress()
  const peers = `0@${own},1@${cluster.addresses[0]}`
  const { exit, stderr } = await runFirn(secondArgs(cluster, "--tcp", own, "--peers", peers))
  expect(exit).toBe(1)
  expect(stderr).toStartWith(
    `error: node id 0 is in use by the process at ${cluster.addresses[0]}:`,
  )
})

test("a start waits no longer than a second for nodes that do not answer", async () => {
  await using cluster = await NodeCluster.start(1)
  const silent = cluster.freeAddress()
  using proxy = await TcpProxy.listen(silent, cluster.addresses[0]!)
  proxy.swallow("both")
  const startMs = performance.now()
  await using second = await startSecond(cluster, "--peers", `1@${silent}`)
  expect(performance.now() - startMs).toBeWithin(1_000, 4_000)
  expect((await readiness(second)).status).toBe(200)
})

test("one that could not be found at the start is found when the link to it opens", async () => {
  await using cluster = await NodeCluster.start(1)
  const address = cluster.freeAddress()
  using proxy = await TcpProxy.listen(address, cluster.addresses[0]!)
  proxy.cut()
  await using second = await startSecond(cluster, "--peers", `1@${address}`)
  using client = await TcpClient.connect(second.tcp)
  expect((await client.ask({ op: Op.NODE, target: 1 })).status).toBe(Status.NODE_DOWN)
  expect(await readiness(second)).toEqual({ status: 200, body: "ready\n" })

  await proxy.heal()
  await expectReported(second, address)
  const { peers } = await nodeStatus(second)
  expect(peers).toMatchObject([
    { node: 1, state: "misconfigured", reason: "it is another process with this node's id 0" },
  ])
  expect((await client.ask({ op: Op.NODE, target: 1 })).status).toBe(Status.NODE_DOWN)
  // Found over and over, it is told and counted once.
  await proxy.accepts(3)
  expect(second.logged("duplicate-node")).toHaveLength(1)
  expect((await nodeStatus(second)).duplicatesFound).toBe(1)
})

test("one is found at the node's own address too, though nothing is asked of it", async () => {
  await using cluster = await NodeCluster.start(1)
  const address = cluster.freeAddress()
  using proxy = await TcpProxy.listen(address, cluster.addresses[0]!)
  proxy.cut()
  await using second = await startSecond(cluster, "--peers", `0@${address}`)
  await proxy.heal()
  await within("a look at its own address", expectReported(second, address), OWN_ADDRESS_MS + 5_000)
})

test("one is found when it is listed on SIGHUP, and all is well when the list is right again", async () => {
  await using cluster = await NodeCluster.start(1)
  const file = cluster.dir.at("peers")
  const own = `0@${cluster.freeAddress()}\n`
  writeFileSync(file, own)
  await using second = await startSecond(cluster, "--peers-file", file)
  writeFileSync(file, `${own}5@${cluster.addresses[0]}\n`)
  second.kill("SIGHUP")
  await second.waitForLog("peers-listed")
  using client = await TcpClient.connect(second.tcp)
  await client.ask({ op: Op.NODE, target: 5 })
  await expectReported(second, cluster.addresses[0]!)

  writeFileSync(file, own)
  second.kill("SIGHUP")
  await second.waitForLog("peers-listed", 2)
  expect(await readiness(second)).toEqual({ status: 200, body: "ready\n" })
  expect((await nodeStatus(second)).duplicatesFound).toBe(1)
})
