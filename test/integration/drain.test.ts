import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { FirnClient } from "../../client-sdk/index.ts"
import { COUNT_MAX, Op, Status } from "../../protocol/index.ts"
import { within } from "../support/deadline.ts"
import { RunningNode } from "../support/firn-process.ts"
import { NodeCluster, peersText } from "../support/node-cluster.ts"
import { storedMark } from "../support/stored-mark.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(60_000)

const LONG = ["--drain-delay", "30000", "--drain-timeout", "120000"]
const PING = { op: Op.PING, count: 0 }

/** Sends a signal again and again, since two that come at once are one, until it has hurried the node. */
async function hurry(node: RunningNode): Promise<void> {
  const timer = setInterval(() => node.kill("SIGTERM"), 50)
  try {
    await node.waitForLog("stop-hurried")
  } finally {
    clearInterval(timer)
  }
}

describe("a node that is told to stop", () => {
  test("is not ready and serves on, whoever comes, until it is hurried", async () => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, ["--node-id", "7", ...LONG])
    using client = await TcpClient.connect(node.tcp)
    expect((await client.ask(PING)).status).toBe(Status.OK)
    node.kill("SIGTERM")
    await node.waitForLog("stopping")
    const ready = await fetch(`http://${node.http}/readyz`)
    expect([ready.status, ready.headers.get("connection")]).toEqual([503, "close"])
    expect(await ready.text()).toBe("NOT_READY: this node is stopping\n")
    const id = await fetch(`http://${node.http}/lunique`)
    expect([id.status, id.headers.get("connection")]).toEqual([200, "close"])
    using late = await TcpClient.connect(node.tcp)
    for (const each of [client, late]) {
      expect((await each.ask()).status).toBe(Status.OK)
      expect((await each.ask(PING)).status).toBe(Status.NOT_READY)
      expect((await each.ask({ op: Op.EPOCH, count: 0 })).status).toBe(Status.OK)
    }
    // Another process with its node id has to find it.
    expect((await client.ask({ ...PING, flags: 1 })).status).toBe(Status.OK)
    const last = await late.ask({ count: COUNT_MAX })
    await hurry(node)
    expect(await within("the end", node.exit)).toBe(0)
    expect(node.stderr).toBe("")
    expect(storedMark(dir.path)).toBe(Number(last.value >> 22n) + 1)
  })

  test("leaves no request unanswered, and clients that stop at NOT_READY get a clean end", async () => {
    using dir = new TempDir()
    const drain = ["--node-id", "7", "--drain-delay", "200", "--drain-timeout", "60000"]
    await using node = await RunningNode.start(dir.path, drain)
    const clients = await Promise.all(Array.from({ length: 50 }, () => TcpClient.connect(node.tcp)))
    const served = clients.map(async (client, i) => {
      const batch = Array(1 + (i % 16)).fill({})
      for (let answers = 0; ; answers += batch.length) {
        const statuses = (await client.askAll(batch)).map(({ status }) => status)
        if (statuses.every((status) => status === Status.OK)) continue
        expect(new Set(statuses).size).toBeLessThanOrEqual(2)
        expect(statuses.at(-1)).toBe(Status.NOT_READY)
        return answers
      }
    })
    node.kill("SIGTERM")
    const answers = await within("NOT_READY for all", Promise.all(served))
    expect(answers.every((count) => count > 0)).toBe(true)
    for (const client of clients) expect(await client.closed).toBeUndefined()
    expect(await within("the end", node.exit)).toBe(0)
  })

  test("gives ids to the last request over HTTP, and says that the connection ends", async () => {
    using dir = new TempDir()
    const drain = ["--node-id", "7", "--drain-delay", "300", "--drain-timeout", "60000"]
    await using node = await RunningNode.start(dir.path, drain)
    const served = Array.from({ length: 20 }, async () => {
      const statuses = new Set<number>()
      for (;;) {
        const response = await fetch(`http://${node.http}/lunique`)
        await response.text()
        statuses.add(response.status)
        if (response.headers.get("connection") === "close") return [...statuses]
      }
    })
    node.kill("SIGTERM")
    expect(await within("all clients", Promise.all(served))).toEqual(served.map(() => [200]))
    expect(await within("the end", node.exit)).toBe(0)
  })

  test("is ended within the drain timeout, whatever its clients do", async () => {
    using dir = new TempDir()
    const drain = ["--node-id", "7", "--drain-delay", "100", "--drain-timeout", "5000"]
    await using node = await RunningNode.start(dir.path, drain)
    using reader = await TcpClient.connect(node.tcp)
    using blocked = await TcpClient.connect(node.tcp)
    blocked.pause()
    void blocked.send(new Uint8Array(4 * 1024 * 1024).fill(5)).catch(() => {})
    // One that asks on, whatever it is told.
    const asking = (async () => {
      for (;;) await reader.ask()
    })().catch(() => {})
    node.kill("SIGTERM")
    expect(await within("the end", node.exit, 8_000)).toBe(0)
    await asking
  })

  test("without a peers file ends in order when its terminal is closed", async () => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, ["--node-id", "7"])
    using client = await TcpClient.connect(node.tcp)
    const { value } = await client.ask()
    node.kill("SIGHUP")
    expect(await within("the end", node.exit)).toBe(0)
    expect(storedMark(dir.path)).toBe(Number(value >> 22n) + 1)
  })
})

describe("other nodes", () => {
  test("go elsewhere at once with what any node may answer, and get its own ids from it still", async () => {
    await using cluster = new NodeCluster(3)
    await cluster.startAll(() => ["--peers", peersText(cluster.addresses), ...LONG])
    using client = await TcpClient.connect(cluster.node(0).tcp)
    const state = async (): Promise<string | undefined> =>
      (await cluster.status(0)).peers.find(({ node }) => node === 1)?.state
    const nodesOf = async (op: number): Promise<Set<bigint>> => {
      const keys = Array.from({ length: 200 }, (_, target) => ({ op, target }))
      const answers = await client.askAll(op === Op.RANDOM ? keys.map(() => ({ op })) : keys)
      expect(answers.filter(({ status }) => status !== Status.OK)).toEqual([])
      return new Set(answers.map(({ value }) => (value >> 12n) & 1023n))
    }
    expect(await nodesOf(Op.KEY)).toEqual(new Set([0n, 1n, 2n]))
    cluster.node(1).kill("SIGTERM")
    await cluster.node(0).waitForLog("peer-leaving")
    expect(await state()).toBe("leaving")
    expect(await nodesOf(Op.KEY)).toEqual(new Set([0n, 2n]))
    expect(await nodesOf(Op.RANDOM)).toEqual(new Set([0n, 2n]))
    expect((await client.ask({ op: Op.NODE, target: 1 })).status).toBe(Status.OK)
    await hurry(cluster.node(1))
    expect(await within("the end", cluster.node(1).exit)).toBe(0)
    const isUp = cluster.node(0).waitForLog("peer-up", cluster.node(0).logged("peer-up").length + 1)
    await cluster.restart(1)
    await isUp
    expect(await nodesOf(Op.KEY)).toEqual(new Set([0n, 1n, 2n]))
    for (const nodeId of [0, 1, 2]) await hurry(cluster.node(nodeId))
  })
})

describe("the client", () => {
  test("fails no call while each of three nodes is restarted in its turn", async () => {
    await using cluster = new NodeCluster(3)
    const drain = ["--drain-delay", "300", "--drain-timeout", "5000"]
    await cluster.startAll(() => ["--peers", peersText(cluster.addresses), ...drain])
    await using client = new FirnClient({ servers: [...cluster.addresses] })
    const ending = { isOver: false }
    const seen = new Set<bigint>()
    let asked = 0
    const callers = Array.from({ length: 50 }, async (_, i) => {
      while (!ending.isOver) {
        const id = await (i % 2 === 0 ? client.id() : client.id({ random: true }))
        seen.add(id)
        asked++
      }
    })
    for (const nodeId of [0, 1, 2]) {
      expect(await cluster.node(nodeId).stop()).toBe(0)
      await cluster.restart(nodeId)
    }
    ending.isOver = true
    await within("all calls", Promise.all(callers))
    expect(seen.size).toBe(asked)
  })
})
