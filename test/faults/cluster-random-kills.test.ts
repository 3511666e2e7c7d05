import { expect, setDefaultTimeout, test } from "bun:test"
import { Status } from "../../protocol/index.ts"
import { SCENARIO_TIMEOUT_MS, report, sized } from "../support/fault-run.ts"
import { expectDistinct } from "../support/ids.ts"
import { NodeCluster } from "../support/node-cluster.ts"
import { OrderedLoad } from "../support/ordered-load.ts"
import { anyStep } from "../support/steps.ts"

const DURATION_MS = sized(6_000, 60_000)

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

const NODES = [0, 1, 2, 3]

function random(limit: number): number {
  return Math.floor(Math.random() * limit)
}

test("under random kills no id comes twice, and who is alive answers everything in order", async () => {
  await using cluster = await NodeCluster.start(NODES.length)
  using stack = new DisposableStack()
  const startLoad = async (node: number): Promise<OrderedLoad> => {
    const step = anyStep(node, NODES)
    const options = { connections: 2, depth: 8, step }
    return stack.use(await OrderedLoad.start(cluster.addresses[node]!, options))
  }
  /** By node, the load on its present process. */
  const current = await Promise.all(NODES.map(startLoad))
  const all = [...current]

  const startMs = performance.now()
  let kills = 0
  while (performance.now() - startMs < DURATION_MS) {
    const victim = random(NODES.length)
    const survivors = current.filter((_, node) => node !== victim)
    const ended = current[victim]!
    await cluster.kill(victim)
    kills++
    await ended.closed()
    // Everyone else goes on, now and when it is back.
    await Promise.all(survivors.map((load) => load.progress(50 + random(500))))
    await cluster.restart(victim)
    const next = await startLoad(victim)
    current[victim] = next
    all.push(next)
    await Promise.all(current.map((load) => load.progress(50 + random(500))))
    expect(survivors.map(({ lost }) => lost)).toEqual(survivors.map(() => 0))
  }

  await Promise.all(current.map((load) => load.stop()))
  expect(kills).toBeGreaterThan(3)
  expect(current.map(({ lost }) => lost)).toEqual(current.map(() => 0))
  expect(all.flatMap(({ mismatches }) => mismatches)).toEqual([])
  expectDistinct(all.map(({ ids }) => ids))
  const statuses = new Map<number, number>()
  for (const load of all) {
    for (const [status, count] of load.statuses) {
      statuses.set(status, (statuses.get(status) ?? 0) + count)
    }
  }
  report("kills in a cluster", {
    kills,
    ids: all.reduce((sum, { ids }) => sum + ids.length, 0),
    "answers NODE_DOWN": statuses.get(Status.NODE_DOWN) ?? 0,
    "answers TIMEOUT": statuses.get(Status.TIMEOUT) ?? 0,
  })
  // The kills were felt, and ids came all the same.
  expect(statuses.get(Status.NODE_DOWN)).toBeGreaterThan(0)
  expect(statuses.get(Status.OK)).toBeGreaterThan(1_000)
})
