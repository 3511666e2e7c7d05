import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { FirnClient } from "../../client-sdk/index.ts"
import { Op, Status, decodeId } from "../../protocol/index.ts"
import { within } from "../support/deadline.ts"
import { RunningNode } from "../support/firn-process.ts"
import { NodeCluster, peersText } from "../support/node-cluster.ts"
import { TcpClient, splitAddress } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(60_000)

const REFUSAL = { status: Status.OVERLOADED, value: 1_000n }

/** Sends a text and reads until the node closes. */
async function textAnswer(address: string, text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let answer = ""
  await Bun.connect({
    ...splitAddress(address),
    socket: {
      open: (socket) => void socket.write(text),
      data: (_, chunk) => void (answer += chunk.toString()),
      end: () => resolve(answer),
      close: () => resolve(answer),
      error: (_, error) => reject(error),
    },
  })
  return await within(`the answer to ${text}`, promise)
}

describe("a node with as many clients as it may have", () => {
  test("refuses others in their own language, and serves them once one has left", async () => {
    using dir = new TempDir()
    const args = ["--node-id", "1", "--max-connections", "2"]
    await using node = await RunningNode.start(dir.path, args)
    using first = await TcpClient.connect(node.tcp)
    const second = await TcpClient.connect(node.tcp)
    for (const client of [first, second]) expect((await client.ask()).status).toBe(Status.OK)

    using third = await TcpClient.connect(node.tcp)
    expect(await third.askAll([{}, { op: Op.PING, count: 0 }])).toEqual([REFUSAL, REFUSAL])
    // By a FIN, so that the answers were not lost on the way.
    expect(await within("the end of a client that was refused", third.closed)).toBeUndefined()
    expect(await textAnswer(node.tcp, "lunique\n")).toBe(
      "ERR OVERLOADED too much is waiting for the node: try again in 1000 ms\n",
    )
    expect(await node.waitForLog("clients-refused")).toMatchObject({ level: 40, open: 2 })

    second[Symbol.dispose]()
    await within("the end of a client", second.closed)
    const served = async (): Promise<number> => {
      using fourth = await TcpClient.connect(node.tcp)
      return (await fourth.ask()).status
    }
    let status = await served()
    while (status === Status.OVERLOADED) status = await served()
    expect(status).toBe(Status.OK)
    expect((await first.ask()).status).toBe(Status.OK)
    expect(await node.stop()).toBe(0)
  })

  test("keeps no client of the SDK from the other nodes", async () => {
    using dir = new TempDir()
    const limited = ["--node-id", "1", "--max-connections", "1"]
    await using full = await RunningNode.start(dir.at("full"), limited)
    await using other = await RunningNode.start(dir.at("other"), ["--node-id", "2"])
    using occupant = await TcpClient.connect(full.tcp)
    await occupant.ask()
    await using client = new FirnClient({ servers: [full.tcp, other.tcp] })
    const ids = await Promise.all(Array.from({ length: 50 }, () => client.id()))
    expect(new Set(ids).size).toBe(50)
    expect((await occupant.ask()).status).toBe(Status.OK)
  })
})

test("a node with as many clients as it may have is reached by the others of its cluster", async () => {
  await using cluster = new NodeCluster(2)
  const peers = ["--peers", peersText(cluster.addresses)]
  const full = await cluster.startNode(0, [...peers, "--max-connections", "1"])
  using occupant = await TcpClient.connect(full.tcp)
  await occupant.ask()
  const other = await cluster.startNode(1, peers)
  using client = await TcpClient.connect(other.tcp)
  const { status, value } = await client.ask({ op: Op.NODE, target: 0 })
  expect([status, decodeId(value).node]).toEqual([Status.OK, 0])
  // It is not that anybody is served.
  using third = await TcpClient.connect(full.tcp)
  expect(await third.ask()).toEqual(REFUSAL)
})

describe("a client that", () => {
  test("sends nothing, half a request, or no more requests is closed; others are not", async () => {
    using dir = new TempDir()
    const limits = ["--read-timeout", "1000", "--idle-timeout", "3000"]
    await using node = await RunningNode.start(dir.path, ["--node-id", "1", ...limits])
    using silent = await TcpClient.connect(node.tcp)
    using slow = await TcpClient.connect(node.tcp)
    using idle = await TcpClient.connect(node.tcp)
    using busy = await TcpClient.connect(node.tcp)
    await slow.ask()
    await slow.send(new Uint8Array([1, 0, 0]))
    await idle.ask()
    const order: string[] = []
    const ends = Object.entries({ silent, slow, idle }).map(async ([name, client]) => {
      expect(await within(`the end of the ${name} client`, client.closed)).toBeUndefined()
      order.push(name)
    })
    const waiting = { isOver: false }
    const over = Promise.all(ends).finally(() => (waiting.isOver = true))
    while (!waiting.isOver) expect((await busy.ask()).status).toBe(Status.OK)
    await over
    expect([order.slice(0, 2).toSorted(), order[2]]).toEqual([["silent", "slow"], "idle"])
    // The log may come after the ends of the connections.
    const said: string[] = []
    while (said.at(-1) !== "clients closed: 1 idle") {
      const { msg } = await node.waitForLog("clients-closed", said.length + 1)
      said.push(msg)
    }
    expect(said.join("\n")).toContain("1 sent nothing")
    expect(said.join("\n")).toContain("1 did not finish a request")
  })
})
