import { expect, setDefaultTimeout, test } from "bun:test"
import { renameSync } from "node:fs"
import { DEFAULT_EPOCH_MS, Status, decodeId } from "../../protocol/index.ts"
import { nodeFilePath } from "../../server/storage/sqlite/node-file.ts"
import { askUntil } from "../support/deadline.ts"
import { SCENARIO_TIMEOUT_MS, report, sized } from "../support/fault-run.ts"
import { RunningNode } from "../support/firn-process.ts"
import { expectIncreasing } from "../support/ids.ts"
import { nodeStatus } from "../support/node-cluster.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

const GONE_MS = sized(5_000, 10_000)
/** The mark lasts for 2 to 3 s, as README says; and what a busy machine may add. */
const LASTS_MS = [1_900, 3_500] as const
/** The default of --max-clock-lag. */
const LAG_MS = 1_000

/** From one request to the next. */
const PAUSES = sized([100], [100, 10, 0])

test.concurrent.each(PAUSES)(
  "ids do not get old while node.sqlite is gone, with %d ms from one request to the next",
  async (pauseMs) => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, ["--node-id", "3"])
    using client = await TcpClient.connect(node.tcp)
    const ids: bigint[] = []
    let oldestMs = 0
    let lastedMs: number | undefined
    const path = nodeFilePath(dir.path)
    renameSync(path, dir.at("away"))
    const startMs = performance.now()
    while (performance.now() - startMs < GONE_MS) {
      const { status, value } = await client.ask()
      if (status === Status.OK) {
        // None comes after the first refusal.
        expect(lastedMs).toBeUndefined()
        ids.push(value)
        oldestMs = Math.max(oldestMs, Date.now() - DEFAULT_EPOCH_MS - decodeId(value).time)
      } else {
        expect(status).toBe(Status.NOT_READY)
        lastedMs ??= performance.now() - startMs
      }
      if (pauseMs > 0) await Bun.sleep(pauseMs)
    }
    expect(oldestMs).toBeLessThanOrEqual(LAG_MS)
    expect(lastedMs).toBeWithin(...LASTS_MS)
    const reason = "NOT_READY: the mark cannot be stored: ids would be "
    expect((await nodeStatus(node)).unready).toStartWith(reason)
    expect((await node.waitForLog("not-ready")).msg).toStartWith("NOT_READY: ")
    expect((await fetch(`http://${node.http}/readyz`)).status).toBe(503)

    renameSync(dir.at("away"), path)
    const { value } = await askUntil(
      "an id",
      () => client.ask(),
      ({ status }) => status === Status.OK,
    )
    expectIncreasing([...ids, value])
    expect(await node.stop()).toBe(0)
    report("node.sqlite gone", {
      "ms from request to request": pauseMs,
      "ms until NOT_READY": Math.round(lastedMs!),
      "ms the oldest id": oldestMs,
    })
  },
)
