import { expect, setDefaultTimeout, test } from "bun:test"
import { COUNT_MAX } from "../../protocol/index.ts"
import { SCENARIO_TIMEOUT_MS, report, sized } from "../support/fault-run.ts"
import { IdRecord } from "../support/id-record.ts"
import { Load } from "../support/load.ts"
import { NodeCluster } from "../support/node-cluster.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

const NODES = 4
const IDS = sized(2_000_000, 100_000_000)
/** Ids between two looks at how many there are. */
const STEP_IDS = 500_000
const SHOWN_IDS = 10_000_000

const MB = 2 ** 20
/** What a check may take, however many ids there are. */
const CHECK_MB_MAX = 200

/** The 16 connections to a node: ids one by one, and blocks, every id of which is recorded. */
const SHAPES = [
  { connections: 13, depth: 1_024, count: 1 },
  { connections: 2, depth: 8, count: 100 },
  { connections: 1, depth: 1, count: COUNT_MAX },
]

test("of very many ids of four nodes none is another, and those of each connection increase", async () => {
  await using cluster = await NodeCluster.start(NODES)
  using record = new IdRecord()
  using stack = new DisposableStack()
  const startMs = performance.now()
  const starting = cluster.addresses.flatMap((address, nodeId) => {
    return SHAPES.map((shape) => Load.start(address, { ...shape, record, node: `${nodeId}` }))
  })
  const loads = (await Promise.all(starting)).map((load) => stack.use(load))
  for (let shown = SHOWN_IDS; record.ids < IDS;) {
    await loads[0]!.receive(STEP_IDS / 16)
    if (record.ids < shown) continue
    report("many ids", { "ids so far": record.ids })
    shown += SHOWN_IDS
  }
  await Promise.all(loads.map((load) => load.stop()))
  const tookMs = performance.now() - startMs
  expect(loads.map(({ refused }) => refused)).toEqual(loads.map(() => 0))

  const checkStartMs = performance.now()
  const memoryBefore = process.memoryUsage.rss()
  const { ids, duplicates, decreases } = record.verify()
  const checkMb = Math.round((process.memoryUsage.rss() - memoryBefore) / MB)
  expect(ids).toBeGreaterThanOrEqual(IDS)
  expect(checkMb).toBeLessThan(CHECK_MB_MAX)
  const single = loads.filter((_, i) => i % SHAPES.length === 0)
  report("many ids", {
    ids,
    "of them asked for one by one": single.reduce((sum, { total }) => sum + total, 0),
    connections: NODES * 16,
    duplicates,
    decreases,
    "s to get them": (tookMs / 1_000).toFixed(1),
    "s to check them": ((performance.now() - checkStartMs) / 1_000).toFixed(1),
    "MB of memory for that": checkMb,
  })
})
