import { expect, setDefaultTimeout, test } from "bun:test"
import { DEFAULT_EPOCH_MS, Op, Status, decodeId } from "../../protocol/index.ts"
import { RunningNode } from "../support/firn-process.ts"
import { NodeCluster, peersText } from "../support/node-cluster.ts"
import { OrderedLoad } from "../support/ordered-load.ts"
import { idsAmong, idsStep, markerStep, mismatches } from "../support/steps.ts"
import type { Step } from "../support/steps.ts"
import { TcpClient } from "../support/tcp-client.ts"

setDefaultTimeout(60_000)

const RIGHT = [0, 1]
/** The node of the list at whose address something else answers. */
const WRONG = 2
const OTHER_EPOCH_MS = Date.UTC(2020, 0, 1)

function step(number: number): Step {
  if (number % 4 === 0) return idsStep({ op: Op.RANDOM }, RIGHT)
  if (number % 4 === 1) return idsStep({ op: Op.KEY, target: number * 7_919 }, RIGHT)
  // A request that was sent before the check was through is lost.
  if (number % 4 === 2) return idsStep({ op: Op.NODE, target: WRONG }, [], [Status.NODE_DOWN])
  return markerStep(number)
}

/** Expects node 0 never to use the wrong one, to log the reason once, and to show it. */
async function expectUnused(cluster: NodeCluster, reason: string): Promise<void> {
  using client = await TcpClient.connect(cluster.addresses[0]!)
  const steps = Array.from({ length: 400 }, (_, number) => step(number))
  const answers = await client.askAll(steps.map(({ request }) => request))
  expect(mismatches(steps, answers)).toEqual([])
  const nodes = idsAmong(steps, answers).map((id) => decodeId(id).node)
  expect(new Set(nodes)).toEqual(new Set(RIGHT))

  const node = cluster.node(0)
  const address = cluster.addresses[WRONG]!
  const line = await node.waitForLog("peer-misconfigured")
  expect(line).toMatchObject({ peer: WRONG, address, reason, level: 50 })
  expect(line.msg).toContain(reason)

  // The wrong one is checked again and again, without another line and without a request for ids.
  using load = await OrderedLoad.start(cluster.addresses[0]!, { connections: 2, depth: 8, step })
  const startMs = performance.now()
  do await load.progress(50)
  while (performance.now() - startMs < 1_000)
  await load.stop()
  expect({ wrong: load.mismatches, lost: load.lost }).toEqual({ wrong: [], lost: 0 })
  expect(node.logged("peer-misconfigured")).toHaveLength(1)
  const { peers, unready, duplicatesFound } = await cluster.status(0)
  expect(peers.find((peer) => peer.node === WRONG)).toMatchObject({
    state: "misconfigured",
    reason,
  })
  expect({ unready, duplicatesFound }).toEqual({ unready: null, duplicatesFound: 0 })
}

test("a node with another id than the list says is never used, until the right one is there", async () => {
  await using cluster = new NodeCluster(3)
  const peers = ["--peers", peersText(cluster.addresses)]
  const wrongArgs = ["--node-id", "9", "--tcp", cluster.addresses[WRONG]!]
  await using wrong = await RunningNode.start(cluster.dir.at("node-9"), wrongArgs)
  await Promise.all(RIGHT.map((node) => cluster.startNode(node, peers)))
  await expectUnused(cluster, `it is node 9, not ${WRONG}`)

  expect(await wrong.stop()).toBe(0)
  await cluster.startNode(WRONG, peers)
  // The first such line is about the other right node.
  expect(await cluster.node(0).waitForLog("peer-up", 2)).toMatchObject({ peer: WRONG })
  using client = await TcpClient.connect(cluster.addresses[0]!)
  const { status, value } = await client.ask({ op: Op.NODE, target: WRONG })
  expect([status, decodeId(value).node]).toEqual([Status.OK, WRONG])
})

test("a node that counts from another epoch is never used, nor does it use the others", async () => {
  await using cluster = new NodeCluster(3)
  const peers = ["--peers", peersText(cluster.addresses)]
  await Promise.all([
    ...RIGHT.map((node) => cluster.startNode(node, peers)),
    cluster.startNode(WRONG, [...peers, "--epoch", `${OTHER_EPOCH_MS}`]),
  ])
  await expectUnused(cluster, `its epoch is ${OTHER_EPOCH_MS}, ours is ${DEFAULT_EPOCH_MS}`)

  using client = await TcpClient.connect(cluster.addresses[WRONG]!)
  const answers = await client.askAll(Array(50).fill({ op: Op.RANDOM }))
  expect(new Set(answers.map(({ value }) => decodeId(value).node))).toEqual(new Set([WRONG]))
  const strict = await client.ask({ op: Op.NODE, target: 0 })
  expect(strict).toEqual({ status: Status.NODE_DOWN, value: 0n })
  for (const peer of (await cluster.status(WRONG)).peers) {
    expect(peer).toMatchObject({
      state: "misconfigured",
      reason: `its epoch is ${DEFAULT_EPOCH_MS}, ours is ${OTHER_EPOCH_MS}`,
    })
  }
})

test("a list with a node's own address under another id does not make it use itself", async () => {
  await using cluster = new NodeCluster(2)
  const [own, other] = cluster.addresses
  const args = ["--peers", `0@${own},1@${other},${WRONG}@${own}`]
  await cluster.startAll(() => args)
  using client = await TcpClient.connect(own!)
  const strict = await client.ask({ op: Op.NODE, target: WRONG })
  expect(strict.status).toBe(Status.NODE_DOWN)
  const { reason } = await cluster.node(0).waitForLog("peer-misconfigured")
  expect(reason).toBe("it is this very process")
  const { unready, duplicatesFound } = await cluster.status(0)
  expect({ unready, duplicatesFound }).toEqual({ unready: null, duplicatesFound: 0 })
})
