import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { DEFAULT_EPOCH_MS, Op, decodeId } from "../../protocol/index.ts"
import { NodeFile, nodeFilePath } from "../../server/storage/sqlite/node-file.ts"
import { RunningNode, runFirn } from "../support/firn-process.ts"
import type { Outcome, SpawnOptions } from "../support/firn-process.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(30_000)

const ANY = "127.0.0.1:0"

function start(
  dataDir: string,
  args: readonly string[] = [],
  options?: SpawnOptions,
): Promise<Outcome> {
  return runFirn(["start", "--data-dir", dataDir, "--tcp", ANY, "--http", ANY, ...args], options)
}

function seed(dataDir: string): string {
  NodeFile.create(dataDir, { nodeId: 5, epochMs: DEFAULT_EPOCH_MS })
  return nodeFilePath(dataDir)
}

/** One line on standard error and nothing else. */
function refused(exit: number, message: string): Outcome {
  return { exit, stdout: "", stderr: `error: ${message}\n` }
}

describe("another identity than the stored one is refused, naming both and the file:", () => {
  test("node id", async () => {
    using dir = new TempDir()
    const message =
      `${seed(dir.path)} belongs to node id 5, but --node-id is 6: ` +
      "a node id never changes; use another data directory"
    expect(await start(dir.path, ["--node-id", "6"])).toEqual(refused(2, message))
    const outcome = await start(dir.path, [], { env: { FIRN_NODE_ID: "6" } })
    expect(outcome).toEqual(refused(2, message))
  })

  test("epoch", async () => {
    using dir = new TempDir()
    const message =
      `${seed(dir.path)} has the epoch 2026-01-01T00:00:00.000Z (1767225600000), ` +
      "but --epoch is 2026-01-02T00:00:00.000Z (1767312000000): " +
      "an epoch never changes; leave --epoch out"
    expect(await start(dir.path, ["--epoch", "2026-01-02"])).toEqual(refused(2, message))
    expect(await start(dir.path, ["--epoch", "1767312000000"])).toEqual(refused(2, message))
  })

  test("the stored values themselves are no contradiction", async () => {
    using dir = new TempDir()
    seed(dir.path)
    const args = ["--node-id", "5", "--epoch", "2026-01-01T00:00:00Z"]
    await using node = await RunningNode.start(dir.path, args)
    expect(await node.stop()).toBe(0)
  })
})

test("each option of a start can come from its variable", async () => {
  using dir = new TempDir()
  const env = {
    FIRN_NODE_ID: "9",
    FIRN_DATA_DIR: dir.at("from-env"),
    FIRN_TCP: ANY,
    FIRN_HTTP: "off",
    FIRN_EPOCH: "2020-01-01",
    FIRN_MAX_CLOCK_LEAD: "20000",
    FIRN_LOG_LEVEL: "info",
  }
  await using node = new RunningNode(["start"], { env, cwd: dir.path })
  const { tcp, http } = await node.waitForLog("listening")
  expect(http).toBe("off")
  using client = await TcpClient.connect(String(tcp))
  expect(decodeId((await client.ask()).value).node).toBe(9)
  const epoch = await client.ask({ op: Op.EPOCH, count: 0 })
  expect(epoch.value).toBe(BigInt(Date.UTC(2020, 0, 1)))
  expect(await node.stop()).toBe(0)
  NodeFile.open(dir.at("from-env"), { nodeId: 9, epochMs: Date.UTC(2020, 0, 1) }).close()
})

test("the directory is named for the node id when none is given", async () => {
  using dir = new TempDir()
  const args = ["start", "--node-id", "11", "--tcp", ANY, "--http", "off"]
  await using node = new RunningNode(args, { cwd: dir.path })
  await node.waitForLog("listening")
  expect(await node.stop()).toBe(0)
  NodeFile.open(dir.at("data", "node-11"), { nodeId: 11 }).close()
})

describe("a port that is taken is refused:", () => {
  test.each(["TCP", "HTTP"])("%s", async (what) => {
    using dir = new TempDir()
    using holder = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } })
    const address = `127.0.0.1:${holder.port}`
    const args = ["--node-id", "5", `--${what.toLowerCase()}`, address]
    const message = `cannot listen for ${what} on ${address}: it is in use by another process`
    expect(await start(dir.path, args)).toEqual(refused(1, message))
    // Nothing was given out, so nothing may be reserved.
    const file = NodeFile.open(dir.path, {})
    expect(file.node.mark).toBe(0)
    file.close()
  })
})

describe("a data directory that cannot be used is refused:", () => {
  test("one below a file", async () => {
    using dir = new TempDir()
    await Bun.write(dir.at("file"), "")
    const { exit, stdout, stderr } = await start(dir.at("file", "node"), ["--node-id", "5"])
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" })
    expect(stderr).toMatch(/^error: .+\n$/)
    expect(stderr).toStartWith(`error: ${dir.at("file", "node", "node.sqlite")} cannot be used: `)
  })

  test("one that another process holds", async () => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, ["--node-id", "5"])
    const message = `${nodeFilePath(dir.path)} is in use by another process: one node, one data directory`
    expect(await start(dir.path)).toEqual(refused(1, message))
    // The one that holds it is not disturbed.
    using client = await TcpClient.connect(node.tcp)
    expect((await client.ask()).status).toBe(0)
    expect(await node.stop()).toBe(0)
  })

  test("one whose process was killed is free again", async () => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, ["--node-id", "5"])
    node.kill("SIGKILL")
    await node.exit
    await using next = await RunningNode.start(dir.path)
    expect(await next.stop()).toBe(0)
  })
})
