import { expect, setDefaultTimeout, test } from "bun:test"
import { within } from "../support/deadline.ts"
import { FirnProcess, RunningNode } from "../support/firn-process.ts"
import { expectDistinct, expectIncreasing, extremes } from "../support/ids.ts"
import { Load } from "../support/load.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(60_000)

const CRASHES = 20

test("no id comes twice when the process is killed and started again and again", async () => {
  using dir = new TempDir()
  const runs: (readonly (readonly bigint[])[])[] = []
  for (let run = 0; run < CRASHES; run++) {
    await using node = await RunningNode.start(dir.at("node"), ["--node-id", "7"])
    // Between one id and more than the burst allowance of 10 ms holds.
    using load = await Load.start(node.tcp, { connections: 4, depth: 1 + (run % 5) * 40 })
    await load.receive(1 + Math.floor(Math.random() * 2_000) * (1 + (run % 3) * 20))
    node.kill("SIGKILL")
    await within("the end after SIGKILL", node.exit)
    await load.closed()
    expect(load.refused).toBe(0)
    expect(node.logged("not-ready")).toEqual([])
    runs.push(load.ids)
  }
  for (const ids of runs.flat()) expectIncreasing(ids)
  expectDistinct(runs.flat())
  for (const [run, ids] of runs.entries()) {
    if (run > 0) expect(extremes(ids).min).toBeGreaterThan(extremes(runs[run - 1]!).max)
  }
})

test("a start that is killed at any moment leaves a directory that the next one can use", async () => {
  using dir = new TempDir()
  let last = 0n
  for (let run = 0; run < 12; run++) {
    // A new directory every few times, for its first moments matter most.
    const dataDir = dir.at(`node-${Math.floor(run / 4)}`)
    const args = ["start", "--node-id", "7", "--data-dir", dataDir, "--tcp", "127.0.0.1:0"]
    await using firn = new FirnProcess([...args, "--http", "off"])
    // Up to about the time that a start takes.
    await Bun.sleep(Math.random() * 100)
    firn.kill("SIGKILL")
    await within("the end after SIGKILL", firn.exit)
    expect(firn.stderr).toBe("")

    await using node = await RunningNode.start(dataDir, ["--node-id", "7"])
    using client = await TcpClient.connect(node.tcp)
    const { value } = await client.ask()
    if (run % 4 > 0) expect(value).toBeGreaterThan(last)
    last = value
    expect(await node.stop()).toBe(0)
  }
})
