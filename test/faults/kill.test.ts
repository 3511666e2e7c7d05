import { expect, setDefaultTimeout, test } from "bun:test"
import { within } from "../support/deadline.ts"
import { SCENARIO_TIMEOUT_MS, repeat, report, sized } from "../support/fault-run.ts"
import { FirnProcess, RunningNode } from "../support/firn-process.ts"
import { IdRecord } from "../support/id-record.ts"
import { Load } from "../support/load.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

const KILLS = sized(15, 100)
const STARTS = sized(12, 60)
const NODE = ["--node-id", "7"]

test("no id comes twice when the process is killed and started again and again", async () => {
  using dir = new TempDir()
  using record = new IdRecord()
  await repeat("kill -9 under load", "kills", KILLS, async (run) => {
    record.newLife("node")
    await using node = await RunningNode.start(dir.at("node"), NODE)
    // From one id up to more than the burst allowance of 10 ms holds.
    const depth = 1 + (run % 5) * 40
    using load = await Load.start(node.tcp, { connections: 16, depth, record })
    await load.receive(1 + Math.floor(Math.random() * 2_000) * (1 + (run % 3) * 20))
    node.kill("SIGKILL")
    await within("the end after SIGKILL", node.exit)
    await load.closed()
    expect(load.refused).toBe(0)
    expect(node.logged("not-ready")).toEqual([])
  })
  const { ids, duplicates } = record.verify()
  report("kill -9 under load", { kills: KILLS, connections: 16, ids, duplicates })
})

test("a start that is killed at any moment leaves a directory that the next one can use", async () => {
  using dir = new TempDir()
  let last = 0n
  await repeat("kill -9 of a start", "kills", STARTS, async (run) => {
    // A new directory every few times, for its first moments matter most.
    const dataDir = dir.at(`node-${Math.floor(run / 4)}`)
    const args = ["start", "--node-id", "7", "--data-dir", dataDir, "--tcp", "127.0.0.1:0"]
    await using firn = new FirnProcess([...args, "--http", "off"])
    // Up to about the time that a start takes.
    await Bun.sleep(Math.random() * 100)
    firn.kill("SIGKILL")
    await within("the end after SIGKILL", firn.exit)
    expect(firn.stderr).toBe("")

    await using node = await RunningNode.start(dataDir, NODE)
    using client = await TcpClient.connect(node.tcp)
    const { value } = await client.ask()
    if (run % 4 > 0) expect(value).toBeGreaterThan(last)
    last = value
    expect(await node.stop()).toBe(0)
  })
  report("kill -9 of a start", { kills: STARTS })
})
