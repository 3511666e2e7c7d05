import { expect, setDefaultTimeout, test } from "bun:test"
import { Op, Status } from "../../protocol/index.ts"
import { SCENARIO_TIMEOUT_MS, report, sized } from "../support/fault-run.ts"
import { expectDistinct } from "../support/ids.ts"
import { NodeCluster } from "../support/node-cluster.ts"
import { OrderedLoad } from "../support/ordered-load.ts"
import { idsStep, markerStep } from "../support/steps.ts"
import type { Step } from "../support/steps.ts"

const DURATION_MS = sized(10_000, 60_000)

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

const NODES = [0, 1, 2, 3]
/** What may come in place of an id of a node that has to be that one. */
const STRICT_REFUSALS = [Status.NODE_DOWN, Status.TIMEOUT]

function random(limit: number): number {
  return Math.floor(Math.random() * limit)
}

/** All kinds of requests to `node`, between requests whose answers tell their number. */
function stepOf(node: number): (number: number) => Step {
  return (number) => {
    switch (number % 6) {
      case 0:
        return idsStep({}, [node])
      case 2: {
        const target = random(NODES.length)
        return idsStep({ op: Op.NODE, target }, [target], target === node ? [] : STRICT_REFUSALS)
      }
      case 3:
        return idsStep({ op: Op.RANDOM }, NODES)
      case 5:
        return idsStep({ op: Op.KEY, target: random(2 ** 32) }, NODES)
      default:
        return markerStep(number)
    }
  }
}

test("under random kills no id comes twice, and who is alive answers everything in order", async () => {
  await using cluster = await NodeCluster.start(NODES.length)
  using stack = new DisposableStack()
  const startLoad = async (node: number): Promise<OrderedLoad> => {
    const step = stepOf(node)
    const options = { connections: 2, depth: 8, step }
    return stack.use(await OrderedLoad.start(cluster.addresses[node]!, options))
  }
  /** Those of the nodes as they run now. */
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
  // The kills were felt, and most of the time they were not.
  expect(statuses.get(Status.NODE_DOWN)).toBeGreaterThan(0)
  expect(statuses.get(Status.OK)).toBeGreaterThan(1_000)
})
