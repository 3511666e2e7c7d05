import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test"
import { Op, Status, decodeId } from "../../protocol/index.ts"
import { rendezvousOwner } from "../../server/routing/rendezvous.ts"
import { askUntil } from "../support/deadline.ts"
import { expectDistinct } from "../support/ids.ts"
import { NodeCluster, peersText } from "../support/node-cluster.ts"
import { TcpClient } from "../support/tcp-client.ts"
import type { Answer, RequestFields } from "../support/tcp-client.ts"
import { TcpProxy } from "../support/tcp-proxy.ts"
import type { Swallowed } from "../support/tcp-proxy.ts"

setDefaultTimeout(60_000)

const NODES = [0, 1, 2]
/** The node that is connected to. */
const HERE = 0
const OWNER = 1
/** Whom the keys of the owner go to when it is gone; not the node that is connected to. */
const HEIR = 2
/** How long a request may take in all that other nodes are asked for. */
const DEADLINE_MS = 1_000
/** How soon the owner has to answer again after the network is healed. */
const RETURN_MS = 3_000

const KEY: RequestFields = { op: Op.KEY, target: hashOwnedBy(OWNER, HEIR) }

const started = new AsyncDisposableStack()
let cluster: NodeCluster
/** The way from `HERE` to each node, but for `HERE` itself. */
const links = new Map<number, TcpProxy>()
let client: TcpClient
const ids: bigint[] = []

beforeAll(async () => {
  cluster = started.use(new NodeCluster(NODES.length))
  const addresses = [...cluster.addresses]
  for (const node of [OWNER, HEIR]) {
    addresses[node] = cluster.freeAddress()
    links.set(node, started.use(await TcpProxy.listen(addresses[node], cluster.addresses[node]!)))
  }
  await cluster.startAll((node) => {
    return ["--peers", peersText(node === HERE ? addresses : cluster.addresses)]
  })
  client = started.use(await TcpClient.connect(cluster.addresses[HERE]!))
})

beforeEach(async () => {
  for (const link of links.values()) await link.heal()
  cluster.node(OWNER).kill("SIGCONT")
  for (const target of [OWNER, HEIR]) await answeredBy({ op: Op.NODE, target }, target)
})

afterAll(async () => {
  await started.disposeAsync()
  expectDistinct([ids])
})

function hashOwnedBy(owner: number, heir: number): number {
  for (let hash = 1; ; hash++) {
    const rest = NODES.filter((node) => node !== owner)
    if (rendezvousOwner(hash, NODES) === owner && rendezvousOwner(hash, rest) === heir) return hash
  }
}

async function ask(request: RequestFields): Promise<Answer> {
  const answer = await client.ask(request)
  if (answer.status === Status.OK) ids.push(answer.value)
  return answer
}

/** Asks once. @returns the node that gave the id, and how long it took */
async function timed(request: RequestFields): Promise<{ node: number; tookMs: number }> {
  const startMs = performance.now()
  const { status, value } = await ask(request)
  const tookMs = performance.now() - startMs
  expect(status).toBe(Status.OK)
  return { node: decodeId(value).node, tookMs }
}

/** Asks until this node gives the id. */
async function answeredBy(request: RequestFields, node: number, limitMs?: number): Promise<void> {
  const isWanted = ({ status, value }: Answer): boolean =>
    status === Status.OK && decodeId(value).node === node
  await askUntil(`an id of node ${node}`, () => ask(request), isWanted, limitMs)
}

/** After `cut` the heir answers within the deadline, and after `heal` the owner. */
async function expectFailover(cut: () => void, heal: () => void | Promise<void>): Promise<void> {
  const here = cluster.node(HERE)
  const downs = here.logged("peer-down").length
  cut()
  const { node, tookMs } = await timed(KEY)
  expect(node).toBe(HEIR)
  expect(tookMs).toBeLessThan(DEADLINE_MS)
  // Once the owner is known to be down nobody waits for it.
  expect(await here.waitForLog("peer-down", downs + 1)).toMatchObject({ peer: OWNER })
  const next = await timed(KEY)
  expect(next.node).toBe(HEIR)
  expect(next.tookMs).toBeLessThan(DEADLINE_MS / 2)
  const strict = await client.ask({ op: Op.NODE, target: OWNER })
  expect(strict).toEqual({ status: Status.NODE_DOWN, value: BigInt(OWNER) })

  await heal()
  await answeredBy(KEY, OWNER, RETURN_MS)
  expect((await ask({ op: Op.NODE, target: OWNER })).status).toBe(Status.OK)
}

test("a key whose owner is cut off is answered by another node, and by the owner when it is back", async () => {
  const link = links.get(OWNER)!
  await expectFailover(
    () => link.cut(),
    () => link.heal(),
  )
})

test("so is one that was gone for so long that attempts to reconnect have become rare", async () => {
  const link = links.get(OWNER)!
  link.reject()
  await link.accepts(7)
  const { node } = await timed(KEY)
  expect(node).toBe(HEIR)
  await link.heal()
  await answeredBy(KEY, OWNER, RETURN_MS)
})

describe("the same when nothing is refused but packets are swallowed:", () => {
  test.each<Swallowed>(["both", "requests", "answers"])("%s", async (swallowed) => {
    const link = links.get(OWNER)!
    await expectFailover(
      () => link.swallow(swallowed),
      () => link.heal(),
    )
  })

  test("by an owner that hangs", async () => {
    const owner = cluster.node(OWNER)
    await expectFailover(
      () => owner.kill("SIGSTOP"),
      () => owner.kill("SIGCONT"),
    )
  })

  test("and it lasts until a new connection has been swallowed as well", async () => {
    const link = links.get(OWNER)!
    link.swallow("both")
    await link.accepts(2)
    await link.heal()
    await answeredBy(KEY, OWNER, RETURN_MS)
  })
})

test("a request for a node that swallows it is answered TIMEOUT at the deadline", async () => {
  links.get(OWNER)!.swallow("both")
  const startMs = performance.now()
  const { status, value } = await ask({ op: Op.NODE, target: OWNER })
  const tookMs = performance.now() - startMs
  expect(status).toBe(Status.TIMEOUT)
  expect(tookMs).toBeWithin(DEADLINE_MS - 1, DEADLINE_MS + 500)
  expect(Number(value)).toBeWithin(DEADLINE_MS - 1, Math.ceil(tookMs) + 1)
})

test("with every other node swallowed, the local one answers within the deadline", async () => {
  for (const link of links.values()) link.swallow("both")
  const { node, tookMs } = await timed(KEY)
  expect(node).toBe(HERE)
  expect(tookMs).toBeLessThan(DEADLINE_MS)
})

test("a late answer is dropped and not taken for the next one", async () => {
  const link = links.get(OWNER)!
  link.swallow("answers")
  const asked = Array(20).fill({ op: Op.NODE, target: OWNER })
  const late = await client.askAll(asked)
  expect(new Set(late.map(({ status }) => status))).toEqual(new Set([Status.TIMEOUT]))
  // The link is not given up yet: the answers it owes come first, in their order.
  await link.heal()
  const answers = await client.askAll(asked)
  const known = new Set<number>([Status.OK, Status.NODE_DOWN])
  expect(answers.filter(({ status }) => !known.has(status))).toEqual([])
  await answeredBy(asked[0], OWNER, RETURN_MS)
})

test("cut off from all, a node still answers everything but requests for the others", async () => {
  for (const link of links.values()) link.cut()
  const answers = await client.askAll(Array(1_000).fill({}))
  expect(
    answers.every(({ status, value }) => status === Status.OK && decodeId(value).node === HERE),
  )
  const routed = await client.askAll(Array(1_000).fill({ op: Op.RANDOM }))
  expect(routed.filter(({ status }) => status !== Status.OK)).toEqual([])
  ids.push(...answers.map(({ value }) => value), ...routed.map(({ value }) => value))
})
