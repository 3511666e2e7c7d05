import { expect, setDefaultTimeout, test } from "bun:test"
import { SCENARIO_TIMEOUT_MS, report, sized } from "../support/fault-run.ts"
import { RunningNode, runFirn } from "../support/firn-process.ts"
import { IdRecord } from "../support/id-record.ts"
import { Load } from "../support/load.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

const STOPPED_MS = sized(5_000, 30_000)
const WARN = 40

test("a process that stands still past its mark and goes on fails no request", async () => {
  using dir = new TempDir()
  using record = new IdRecord()
  await using node = await RunningNode.start(dir.path, ["--node-id", "3"])
  using load = await Load.start(node.tcp, { connections: 16, depth: 4, record })
  await load.receive(2_000)
  node.kill("SIGSTOP")
  // Whoever takes it for dead and starts another one is refused.
  const second = await runFirn(["start", "--data-dir", dir.path, "--tcp", "127.0.0.1:0"])
  expect(second).toMatchObject({ exit: 1, stderr: expect.stringContaining("in use by another") })
  // Not a wait for something to happen: the time that passes is what is tested.
  await Bun.sleep(STOPPED_MS)
  const before = record.ids
  node.kill("SIGCONT")
  await load.receive(20_000)
  await load.stop()
  expect(load.refused).toBe(0)
  expect(node.log.filter(({ level }) => level >= WARN)).toEqual([])
  expect(await node.stop()).toBe(0)
  const { ids, duplicates, decreases } = record.verify()
  report("SIGSTOP and SIGCONT", {
    "s stopped": STOPPED_MS / 1_000,
    "ids before": before,
    "ids after": ids - before,
    duplicates,
    decreases,
  })
})
