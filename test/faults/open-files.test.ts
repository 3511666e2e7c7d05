import { expect, setDefaultTimeout } from "bun:test"
import { statSync } from "node:fs"
import { cpuSeconds } from "../../bench/machine/process-usage.ts"
import { Status } from "../../protocol/index.ts"
import { nodeFilePath } from "../../server/storage/sqlite/node-file.ts"
import { until, within } from "../support/deadline.ts"
import { SCENARIO_TIMEOUT_MS, report, sized } from "../support/fault-run.ts"
import { FIRN, RunningNode, runFirn } from "../support/firn-process.ts"
import { Knocking } from "../support/knocking.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

const LIMIT = 64
const CLIENTS = 200
/** How often the mark is to be stored meanwhile: about once a second. */
const MARKS = sized(3, 30)

/** A `firn` that may have so many files open. */
function limited(limit: number): readonly string[] {
  return ["bash", "-c", `ulimit -n ${limit}; exec "$@"`, "bash", ...FIRN]
}

testWith("bash", "/proc")(
  "200 clients where 64 descriptors are allowed: the mark is stored, no core is burnt, all else is served",
  async () => {
    using dir = new TempDir()
    const args = ["--node-id", "1"]
    await using node = await RunningNode.start(dir.path, args, { program: limited(LIMIT) })
    const warning = await node.waitForLog("open-files-few")
    expect(warning.msg).toMatch(
      /^--max-connections is [0-9]+, not 10000: the limit of open files is 64 \(ulimit -n\)$/,
    )
    // Those who come first are served, and stay so.
    using client = await TcpClient.connect(node.tcp)
    expect((await client.ask()).status).toBe(Status.OK)

    await using knocking = new Knocking(node.tcp, CLIENTS)
    await node.waitForLog("clients-refused")
    const startMs = performance.now()
    const startCpu = cpuSeconds(node.pid)!
    const file = nodeFilePath(dir.path)
    for (let marks = 0; marks < MARKS; marks++) {
      const { mtimeMs } = statSync(file)
      await until("the mark to be stored", () => statSync(file).mtimeMs > mtimeMs)
      expect((await client.ask()).status).toBe(Status.OK)
      const ready = await within("/readyz", fetch(`http://${node.http}/readyz`))
      expect([ready.status, (await ready.text()).trim()]).toEqual([200, "ready"])
    }
    const seconds = (performance.now() - startMs) / 1_000
    const core = (cpuSeconds(node.pid)! - startCpu) / seconds
    expect(core).toBeLessThan(0.2)
    const refusals = node.logged("clients-refused")
    expect(refusals.length).toBeLessThanOrEqual(Math.ceil(seconds) + 2)
    expect(`${node.stdout}${node.stderr}`).not.toMatch(/EMFILE|mark-not-stored|accept-paused/)
    report("open files", {
      "descriptors allowed": LIMIT,
      clients: CLIENTS,
      knocks: knocking.knocks,
      "marks stored": MARKS,
      "% of a core": Math.round(core * 100),
    })
    expect(await node.stop()).toBe(0)
  },
)

testWith("bash", "/proc")("a limit that leaves room for no client is refused", async () => {
  using dir = new TempDir()
  const args = ["start", "--node-id", "1", "--data-dir", dir.path, "--tcp", "127.0.0.1:0"]
  const { exit, stderr } = await runFirn(args, { program: limited(24) })
  expect(stderr).toMatch(
    /^error: the limit of open files is 24, and a node needs [0-9]+ \(ulimit -n\)\n$/,
  )
  expect(exit).toBe(1)
})
