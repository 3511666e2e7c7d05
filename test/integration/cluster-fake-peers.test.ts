import { expect, setDefaultTimeout, test } from "bun:test"
import { randomBytes } from "node:crypto"
import { Op, Status, decodeId, keyHash } from "../../protocol/index.ts"
import { expectDistinct } from "../support/ids.ts"
import { NodeCluster, peersText } from "../support/node-cluster.ts"
import { OrderedLoad } from "../support/ordered-load.ts"
import { exactStep, idsAmong, idsStep, markerStep, mismatches } from "../support/steps.ts"
import type { Step } from "../support/steps.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { SerialIds } from "../support/serial-ids.ts"
import { TcpPeer, checkedAs, mutedAs, okResponse, oldIdOf } from "../support/tcp-peer.ts"
import type { Conduct } from "../support/tcp-peer.ts"

setDefaultTimeout(60_000)

/** Real nodes; 0 is connected to. */
const REAL = [0, 1]
/** What the list says the fake peer is. */
const FAKE = 2
/** What may become of a request for the fake peer by name. Its own refusal goes to the caller. */
const REFUSED = [Status.NODE_DOWN, Status.TIMEOUT, Status.WRONG_NODE]

/** Every other request is a marker, whose answer tells its number, and so the order. */
function step(number: number): Step {
  switch (number % 6) {
    case 0:
      return idsStep({ op: Op.RANDOM }, REAL)
    case 2:
      return idsStep({ op: Op.KEY, target: keyHash(`user:${number}`) }, REAL)
    case 4:
      return idsStep({ op: Op.NODE, target: FAKE }, [], REFUSED)
    default:
      return markerStep(number)
  }
}

/** Two real nodes and something else where the third should be. */
async function withFake(
  conduct: Conduct,
  use: (cluster: NodeCluster, fake: TcpPeer) => Promise<void>,
): Promise<void> {
  await using cluster = new NodeCluster(REAL.length)
  const address = cluster.freeAddress()
  using fake = new TcpPeer(address, conduct)
  const peers = peersText([...cluster.addresses, address])
  await cluster.startAll(() => ["--peers", peers, "--forward-timeout", "300"])
  await use(cluster, fake)
  for (const node of REAL) expect(cluster.node(node).stderr).toBe("")
}

/** Asks in every way for ids, many at a time, for a while: each request is answered, in order. */
async function expectServed(cluster: NodeCluster, fake: TcpPeer, attempts = 1): Promise<void> {
  const before = fake.connections
  using client = await TcpClient.connect(cluster.addresses[0]!)
  const steps = Array.from({ length: 600 }, (_, number) => step(number))
  const answers = await client.askAll(steps.map(({ request }) => request))
  expect(mismatches(steps, answers)).toEqual([])
  expectDistinct([idsAmong(steps, answers)])
  using load = await OrderedLoad.start(cluster.addresses[0]!, { connections: 4, depth: 10, step })
  do await load.progress(60)
  while (fake.connections < before + attempts)
  await load.stop()
  expect({ wrong: load.mismatches, lost: load.lost }).toEqual({ wrong: [], lost: 0 })
  expectDistinct([load.ids])
}

test("a peer that accepts and never answers holds nobody up for longer than the deadline", async () => {
  await withFake(
    () => undefined,
    async (cluster, fake) => {
      await expectServed(cluster, fake)
      // It is given up before long, and then costs nothing.
      const line = await cluster.node(0).waitForLog("peer-down")
      expect(line).toMatchObject({ peer: FAKE, level: 40 })
      using client = await TcpClient.connect(cluster.addresses[0]!)
      expect(await client.ask({ op: Op.NODE, target: FAKE })).toEqual({
        status: Status.NODE_DOWN,
        value: BigInt(FAKE),
      })
      expect(fake.asked.slice(0, 3)).toEqual([Op.PING, Op.EPOCH, Op.CLOCK])
    },
  )
})

test("a peer that says who it is and then never answers is survived as well", async () => {
  await withFake(mutedAs(FAKE), (cluster, fake) => expectServed(cluster, fake, 2))
})

const noise: Conduct = () => randomBytes(9 * 3)

const foreignIds = checkedAs(FAKE, () => oldIdOf(1))

const halfAnAnswer = checkedAs(FAKE, (_, socket) => {
  socket.end(oldIdOf(FAKE).subarray(0, 4))
  return undefined
})

const hangsUp: Conduct = (_, socket) => {
  socket.terminate()
  return undefined
}

const unknownStatus = checkedAs(FAKE, () => new Uint8Array(9).fill(0x7f))

const textLines: Conduct = () => new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")

const wrongNode = checkedAs(FAKE, () => Uint8Array.of(Status.WRONG_NODE, 0, 0, 0, 0, 0, 0, 0, 9))

test.each<[string, Conduct]>([
  ["random bytes", noise],
  ["ids of another node", foreignIds],
  ["half an answer, and closes", halfAnAnswer],
  ["nothing, and resets the connection", hangsUp],
  ["statuses that there are not", unknownStatus],
  ["another protocol", textLines],
  ["that it is another node", wrongNode],
])(
  "a peer that answers %s is never believed, and others answer in its place",
  async (_, conduct) => {
    await withFake(conduct, async (cluster, fake) => {
      await expectServed(cluster, fake, 3)
      const { unready } = await cluster.status(0)
      expect(unready).toBeNull()
      // The other node's ids are still its own.
      using client = await TcpClient.connect(cluster.addresses[0]!)
      const { value } = await client.ask({ op: Op.NODE, target: 1 })
      expect(decodeId(value).node).toBe(1)
    })
  },
)

test("answers that nobody asked for are taken for no other request's", async () => {
  const ids = new SerialIds()
  const own = (): Uint8Array => okResponse(ids.next(FAKE, 1))
  const conduct = checkedAs(FAKE, () => new Uint8Array([...own(), ...own(), ...own()]))
  await withFake(conduct, async (cluster, fake) => {
    using client = await TcpClient.connect(cluster.addresses[0]!)
    // The ids are the peer's own, so a client may get them, but one answer to each request only.
    const steps = Array.from({ length: 300 }, (_, number) => {
      if (number % 3 === 0) return markerStep(number)
      if (number % 3 === 1) return idsStep({ op: Op.RANDOM }, [...REAL, FAKE])
      return idsStep({ op: Op.NODE, target: FAKE }, [FAKE], REFUSED)
    })
    const answers = await client.askAll(steps.map(({ request }) => request))
    expect(mismatches(steps, answers)).toEqual([])
    const { reason } = await cluster.node(0).waitForLog("peer-down")
    expect(reason).toBe("it answered what was not asked")
    expect(client.unclaimed).toEqual([])
    expect(fake.asked).toContain(Op.NODE)
  })
})

test("a peer that fails again and again after each good check is tried ever less often", async () => {
  await withFake(foreignIds, async (cluster, fake) => {
    using load = await OrderedLoad.start(cluster.addresses[0]!, { connections: 1, depth: 8, step })
    const before = fake.connections
    const startMs = performance.now()
    while (fake.connections < before + 6) await load.progress(100)
    // Chance takes at most a half off each delay: off 50, 100, 200, 400 and 800 ms.
    expect(performance.now() - startMs).toBeGreaterThan(700)
    await load.stop()
    expect(load.mismatches).toEqual([])
    expect(cluster.node(0).logged("peer-misconfigured").length).toBeWithin(4, 8)
  })
})

test("a peer that answers each request with a refusal is asked once and then the next is", async () => {
  const refusal = (status: number): Uint8Array => Uint8Array.of(status, 0, 0, 0, 0, 0, 0, 0, 5)
  for (const status of [Status.OVERLOADED, Status.CLOCK_BEHIND, Status.NOT_READY]) {
    const conduct = checkedAs(FAKE, () => refusal(status))
    await withFake(conduct, async (cluster, fake) => {
      using client = await TcpClient.connect(cluster.addresses[0]!)
      const steps = Array.from({ length: 300 }, (_, number) => {
        if (number % 3 === 0) return idsStep({ op: Op.RANDOM }, REAL)
        if (number % 3 === 1) return idsStep({ op: Op.KEY, target: number * 999 }, REAL)
        // A refusal of the node that was asked for by name goes to the caller.
        return exactStep({ op: Op.NODE, target: FAKE }, status, 5)
      })
      const answers = await client.askAll(steps.map(({ request }) => request))
      expect(mismatches(steps, answers)).toEqual([])
      const asked = fake.asked.filter((op) => op === Op.NODE).length
      expect(asked).toBeWithin(100, 301)
      expect(cluster.node(0).logged("peer-misconfigured")).toEqual([])
    })
  }
})
