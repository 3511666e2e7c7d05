import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { COUNT_MAX, DEFAULT_EPOCH_MS, Op, Status, decodeId } from "../../protocol/index.ts"
import { within } from "../support/deadline.ts"
import { RunningNode } from "../support/firn-process.ts"
import { IdRecord } from "../support/id-record.ts"
import { expectIncreasing } from "../support/ids.ts"
import { Load } from "../support/load.ts"
import { storedMark } from "../support/stored-mark.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(60_000)

const NODE = ["--node-id", "7"]

describe.each(["SIGTERM", "SIGINT"] as const)("%s", (signal) => {
  test("ends an idle node with exit code 0 and nothing on standard error", async () => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, NODE)
    node.kill(signal)
    expect(await within("the end", node.exit)).toBe(0)
    expect(node.stderr).toBe("")
    expect(node.logged("stopping")).toHaveLength(1)
    expect(node.log.at(-1)?.event).toBe("stopped")
  })

  test("stores the time after that of the last id, so that a restart leaves no gap", async () => {
    using dir = new TempDir()
    let last: bigint
    {
      using record = new IdRecord()
      await using node = await RunningNode.start(dir.path, NODE)
      using load = await Load.start(node.tcp, { connections: 4, depth: 16, record })
      await load.receive(5_000)
      node.kill(signal)
      expect(await within("the end", node.exit)).toBe(0)
      await load.closed()
      last = record.verify().max
    }
    // A burst may have taken the time ahead of the answers that came through, but by no more.
    const mark = storedMark(dir.path)
    expect(mark).toBeGreaterThan(decodeId(last).time)
    expect(mark).toBeLessThan(decodeId(last).time + 20)
    await using node = await RunningNode.start(dir.path)
    using client = await TcpClient.connect(node.tcp)
    const { value } = await client.ask()
    expect(value).toBeGreaterThan(last)
    expect(decodeId(value).time).toBeLessThan(Date.now() + 50 - DEFAULT_EPOCH_MS)
  })

  test("stores the exact mark when only one id was given out", async () => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, NODE)
    using client = await TcpClient.connect(node.tcp)
    const { value } = await client.ask()
    node.kill(signal)
    expect(await within("the end", node.exit)).toBe(0)
    expect(storedMark(dir.path)).toBe(decodeId(value).time + 1)
  })
})

test("a stop under load cuts no answer in two and resets no connection", async () => {
  using dir = new TempDir()
  using record = new IdRecord()
  await using node = await RunningNode.start(dir.path, NODE)
  using load = await Load.start(node.tcp, { connections: 8, depth: 64, record })
  await load.receive(20_000)
  expect(await node.stop()).toBe(0)
  expect(await load.closed()).toEqual(Array(8).fill(undefined))
  for (const { client } of load.connections) expect(client.keptBytes).toBe(0)
  expect(record.verify().ids).toBeGreaterThanOrEqual(20_000)
})

test("what has been received is answered before the end, though it takes a while", async () => {
  using dir = new TempDir()
  await using node = await RunningNode.start(dir.path, NODE)
  using client = await TcpClient.connect(node.tcp)
  await client.ask({ op: Op.PING, count: 0 })
  // Each block takes a millisecond; the requests are few enough to arrive in one piece.
  const blocks = Array(200).fill({ count: COUNT_MAX })
  const answers = client.askAll(blocks)
  const exit = node.stop()
  expect((await answers).filter(({ status }) => status === Status.OK)).toHaveLength(200)
  expectIncreasing((await answers).map(({ value }) => value))
  expect(await exit).toBe(0)
  expect(storedMark(dir.path)).toBe(decodeId((await answers).at(-1)!.value).time + 1)
})

test("a client that keeps its connection open holds a stop up for no more than moments", async () => {
  using dir = new TempDir()
  await using node = await RunningNode.start(dir.path, NODE)
  using client = await TcpClient.connect(node.tcp)
  await client.ask({ op: Op.PING, count: 0 })
  client.pause()
  node.kill("SIGTERM")
  expect(await within("the end", node.exit, 5_000)).toBe(0)
})

test("a second signal does not keep the mark from being stored", async () => {
  using dir = new TempDir()
  await using node = await RunningNode.start(dir.path, NODE)
  using client = await TcpClient.connect(node.tcp)
  const { value } = await client.ask()
  // A client that does not read does not see that the node closes: the stop takes a second.
  client.pause()
  node.kill("SIGTERM")
  await node.waitForLog("stopping")
  node.kill("SIGINT")
  node.kill("SIGTERM")
  expect(await within("the end", node.exit)).toBe(0)
  expect(storedMark(dir.path)).toBe(decodeId(value).time + 1)
})

test("a node whose log nobody reads any more serves on and stops in order", async () => {
  using dir = new TempDir()
  await using node = await RunningNode.start(dir.path, NODE)
  using client = await TcpClient.connect(node.tcp)
  await node.closeOutput()
  const { value } = await client.ask()
  expect(await node.stop()).toBe(0)
  expect(node.stderr).toBe("")
  expect(storedMark(dir.path)).toBe(decodeId(value).time + 1)
})
