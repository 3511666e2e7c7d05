import { expect, setDefaultTimeout, test } from "bun:test"
import { DEFAULT_EPOCH_MS, decodeId } from "../../protocol/index.ts"
import { SCENARIO_TIMEOUT_MS, report, sized } from "../support/fault-run.ts"
import { RunningNode } from "../support/firn-process.ts"
import { IdRecord } from "../support/id-record.ts"
import { Load } from "../support/load.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

const RESTARTS = sized(12, 50)
/** Asked for in each life; more than the burst allowance of 10 ms holds. */
const IDS = 60_000

/** The default of --max-clock-lead: past it the node would refuse. */
const LEAD_MAX_MS = 10_000

test("a crash loop refuses nobody: the time stays within its permitted lead", async () => {
  using dir = new TempDir()
  using record = new IdRecord()
  const startMs = performance.now()
  let longestLeadMs = 0
  for (let restart = 0; restart < RESTARTS; restart++) {
    record.newLife("node")
    await using node = await RunningNode.start(dir.path, ["--node-id", "3"])
    using load = await Load.start(node.tcp, { connections: 4, depth: 64, record })
    using client = await TcpClient.connect(node.tcp)
    await load.receive(IDS)
    const { value } = await client.ask()
    const leadMs = decodeId(value).time + DEFAULT_EPOCH_MS - Date.now()
    longestLeadMs = Math.max(longestLeadMs, leadMs)
    expect(load.refused).toBe(0)
    node.kill("SIGKILL")
    await node.exit
  }
  const tookMs = performance.now() - startMs
  expect(longestLeadMs).toBeLessThan(LEAD_MAX_MS)
  const { ids, duplicates, overlaps } = record.verify()
  report("crash loop", {
    restarts: RESTARTS,
    s: (tookMs / 1_000).toFixed(1),
    "ms the longest lead": longestLeadMs,
    ids,
    duplicates,
    overlaps,
  })
})
