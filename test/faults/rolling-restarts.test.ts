import { expect, setDefaultTimeout } from "bun:test"
import { FirnClient } from "../../client-sdk/index.ts"
import { within } from "../support/deadline.ts"
import { SCENARIO_TIMEOUT_MS, report, sized } from "../support/fault-run.ts"
import { Haproxy } from "../support/haproxy.ts"
import { NodeCluster, peersText } from "../support/node-cluster.ts"
import { Tally, askClient, askFrames, askWeb } from "../support/restart-clients.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

const NODES = 4
const RESTARTS = sized(4, 16)
/** Of each kind. */
const CLIENTS = sized(16, 50)
const DRAIN = ["--drain-delay", "3000", "--drain-timeout", "10000"]

/** Four nodes as `npm start` has them. */
async function startNodes(): Promise<NodeCluster> {
  const cluster = new NodeCluster(NODES)
  const web = Array.from({ length: NODES }, () => cluster.freeAddress())
  const peers = ["--peers", peersText(cluster.addresses)]
  await cluster.startAll((node) => [...peers, ...DRAIN, "--http", web[node]!])
  return cluster
}

/** One after the other, each of them when the one before it listens again. */
async function restartAll(cluster: NodeCluster): Promise<void> {
  for (let restart = 0; restart < RESTARTS; restart++) {
    const node = restart % NODES
    expect(await cluster.node(node).stop()).toBe(0)
    await cluster.restart(node)
  }
}

testWith("haproxy")("nodes restart one by one behind HAProxy, and no request fails", async () => {
  await using cluster = await startNodes()
  await using haproxy = await Haproxy.start(cluster)
  await using client = new FirnClient({ servers: [...cluster.addresses] })
  const over = new AbortController()
  const [frames, web, sdk] = [new Tally(), new Tally(), new Tally()]
  const clients = Array.from({ length: CLIENTS }, () => [
    askFrames(haproxy.frames, frames, over.signal),
    askWeb(haproxy.web, web, over.signal),
    askClient(client, sdk, over.signal),
  ])
  await restartAll(cluster)
  over.abort()
  await within("all clients", Promise.all(clients.flat()))
  report("rolling restarts", {
    restarts: RESTARTS,
    "ids by frames": frames.answered,
    "connections that ended with NOT_READY": frames.refused,
    "with a FIN": frames.ended,
    "ids over HTTP": web.answered,
    "calls of the SDK": sdk.answered,
    "of all failed": [frames, web, sdk].reduce((sum, { failures }) => sum + failures.length, 0),
  })
  for (const tally of [frames, web, sdk]) {
    expect(tally.failures).toEqual([])
    expect(tally.answered).toBeGreaterThan(1_000)
  }
})

testWith("haproxy", "wrk")("wrk sees no error while they do", async () => {
  await using cluster = await startNodes()
  await using haproxy = await Haproxy.start(cluster)
  const url = `http://${haproxy.web}/lunique`
  // It ends in order when it is interrupted, and says what it has seen.
  const wrk = Bun.spawn(["wrk", "-t1", `-c${CLIENTS}`, "-d600", url], { stdout: "pipe" })
  await restartAll(cluster)
  wrk.kill("SIGINT")
  const output = await within("the report of wrk", wrk.stdout.text())
  const requests = Number(/([0-9]+) requests in/.exec(output)?.[1])
  report("rolling restarts", { "requests of wrk": requests })
  expect(requests).toBeGreaterThan(10_000)
  expect(output).not.toMatch(/Non-2xx|Socket errors/)
})
