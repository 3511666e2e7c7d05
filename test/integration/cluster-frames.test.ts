import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { FLAG_FORWARDED, Op, Status, decodeId, keyHash } from "../../protocol/index.ts"
import { rendezvousOwner } from "../../server/routing/rendezvous.ts"
import { expectDistinct } from "../support/ids.ts"
import { NodeCluster } from "../support/node-cluster.ts"
import { TcpClient } from "../support/tcp-client.ts"
import type { Answer, RequestFields } from "../support/tcp-client.ts"

setDefaultTimeout(30_000)

const NODES = [0, 1, 2, 3]
/** What the chi-square statistic of a uniform choice among 4 exceeds once in ten million runs. */
const CHI_SQUARE_MAX = 35

const started = new AsyncDisposableStack()
let cluster: NodeCluster
/** One connection to each node. */
let clients: TcpClient[]

beforeAll(async () => {
  // On a machine that is busy with other tests no answer may be late.
  cluster = started.use(await NodeCluster.start(NODES.length, ["--forward-timeout", "20000"]))
  clients = await Promise.all(cluster.addresses.map((address) => TcpClient.connect(address)))
  for (const client of clients) started.use(client)
})

afterAll(() => started.disposeAsync())

/** The nodes that the ids among the answers are of; all answers have to be ids. */
function nodesOf(answers: readonly Answer[]): number[] {
  return answers.map(({ status, value }) => {
    expect(status).toBe(Status.OK)
    return decodeId(value).node
  })
}

/** How far counts are from all being the same. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

describe.each(NODES)("node %d", (connected) => {
  test("answers LOCAL itself", async () => {
    const answers = await clients[connected]!.askAll(Array(10).fill({}))
    expect(new Set(nodesOf(answers))).toEqual(new Set([connected]))
  })

  test("answers NODE with ids of that node, whichever it is", async () => {
    const targets = [...NODES, ...NODES, ...NODES]
    const asked = targets.map((target) => ({ op: Op.NODE, target }))
    expect(nodesOf(await clients[connected]!.askAll(asked))).toEqual(targets)
  })

  test("answers KEY with ids of the owner of the key hash", async () => {
    const hashes = Array.from({ length: 200 }, (_, i) => keyHash(`user:${i}`))
    const asked = [0, 0xffff_ffff, ...hashes].map((target) => ({ op: Op.KEY, target }))
    const owners = asked.map(({ target }) => rendezvousOwner(target, NODES))
    expect(new Set(owners)).toEqual(new Set(NODES))
    expect(nodesOf(await clients[connected]!.askAll(asked))).toEqual(owners)
  })

  test("answers RANDOM with ids of all nodes, each as often as the others", async () => {
    const answers = await clients[connected]!.askAll(Array(8_000).fill({ op: Op.RANDOM }))
    const counts = NODES.map(() => 0)
    for (const node of nodesOf(answers)) counts[node]!++
    expect(counts.join(" ")).toSatisfy(() => chiSquare(counts) < CHI_SQUARE_MAX)
    expectDistinct([answers.map(({ value }) => value)])
  })

  test("answers UNKNOWN_NODE for a node that is not listed", async () => {
    for (const target of [4, 1_023, 1_024, 0xffff_ffff]) {
      const answer = await clients[connected]!.ask({ op: Op.NODE, target })
      expect(answer).toEqual({ status: Status.UNKNOWN_NODE, value: BigInt(target) })
    }
  })

  test("answers what a peer has forwarded itself, and never forwards it", async () => {
    const asked: RequestFields[] = [
      { op: Op.LOCAL, flags: FLAG_FORWARDED },
      { op: Op.NODE, flags: FLAG_FORWARDED, target: connected },
      ...Array.from({ length: 50 }, () => ({ op: Op.RANDOM, flags: FLAG_FORWARDED })),
      ...Array.from({ length: 50 }, (_, i) => {
        return { op: Op.KEY, flags: FLAG_FORWARDED, target: keyHash(`user:${i}`) }
      }),
    ]
    const answers = await clients[connected]!.askAll(asked)
    expect(new Set(nodesOf(answers))).toEqual(new Set([connected]))
  })

  test("answers WRONG_NODE and its own id to what was forwarded to it by mistake", async () => {
    const others = [...NODES.filter((node) => node !== connected), 4, 1_023, 1_024]
    const answers = await clients[connected]!.askAll(
      others.map((target) => ({ op: Op.NODE, flags: FLAG_FORWARDED, target })),
    )
    const wrongNode = { status: Status.WRONG_NODE, value: BigInt(connected) }
    expect(answers).toEqual(others.map(() => wrongNode))
  })

  test("gives blocks of up to 4,096 ids of one node and millisecond", async () => {
    const last = NODES.at(-1)!
    const asked = [
      { op: Op.LOCAL, target: 0 },
      { op: Op.RANDOM, target: 0 },
      { op: Op.KEY, target: keyHash("user:42") },
      ...NODES.map((target) => ({ op: Op.NODE, target })),
    ].flatMap((request) => [2, 1_000, 4_096].map((count) => ({ ...request, count })))
    const answers = await clients[connected]!.askAll(asked)
    const blocks = answers.map(({ value }, i) => {
      return Array.from({ length: asked[i]!.count }, (_, k) => value + BigInt(k))
    })
    expect(nodesOf(answers).at(-1)).toBe(last)
    for (const ids of blocks) {
      const { time, node } = decodeId(ids[0]!)
      expect(decodeId(ids.at(-1)!)).toMatchObject({ time, node })
    }
    expectDistinct(blocks)
  })

  test("answers BAD_REQUEST for a bad routed request without asking another node", async () => {
    const asked: [RequestFields, number][] = [
      [{ op: Op.RANDOM, target: 1 }, 4],
      [{ op: Op.RANDOM, count: 0 }, 2],
      [{ op: Op.KEY, count: 4_097 }, 2],
      [{ op: Op.NODE, count: 0, target: 1 }, 2],
      [{ op: Op.NODE, flags: 2, target: 1 }, 1],
      [{ op: 8 }, 0],
    ]
    const answers = await clients[connected]!.askAll(asked.map(([request]) => request))
    expect(answers).toEqual(
      asked.map(([, offset]) => ({ status: Status.BAD_REQUEST, value: BigInt(offset) })),
    )
  })
})

test("every node takes every other for up, and says where it is and how far its clock is off", async () => {
  for (const node of NODES) {
    const { unready, duplicatesFound, peers } = await cluster.status(node)
    expect({ unready, duplicatesFound }).toEqual({ unready: null, duplicatesFound: 0 })
    expect(peers.map((peer) => peer.node)).toEqual(NODES.filter((each) => each !== node))
    for (const peer of peers) {
      expect(peer).toMatchObject({
        address: cluster.addresses[peer.node]!,
        state: "up",
        reason: "",
      })
      // All read the same clock; any skew is the time that they waited for a processor.
      expect(Math.abs(peer.skewMs!)).toBeLessThan(1_000)
      expect(peer.roundTripMs).toBeGreaterThan(0)
    }
  }
})

test("no node logs anything wrong", () => {
  for (const node of NODES) {
    expect(cluster.node(node).log.filter(({ level }) => level >= 40)).toEqual([])
  }
})
