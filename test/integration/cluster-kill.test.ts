import { expect, setDefaultTimeout, test } from "bun:test"
import { Op, Status, decodeId } from "../../protocol/index.ts"
import { rendezvousOwner } from "../../server/routing/rendezvous.ts"
import { askUntil } from "../support/deadline.ts"
import { expectDistinct } from "../support/ids.ts"
import { NodeCluster } from "../support/node-cluster.ts"
import { idsAmong, idsStep, markerStep, mismatches } from "../support/steps.ts"
import type { Step } from "../support/steps.ts"
import { TcpClient, requests } from "../support/tcp-client.ts"
import type { Answer } from "../support/tcp-client.ts"

setDefaultTimeout(60_000)

const NODES = [0, 1, 2]
/** The node that is connected to. */
const HERE = 0
const OWNER = 1
const OTHERS = [0, 2]
/** How many requests are in flight to the owner when it is killed. */
const IN_FLIGHT = 1_000

/** Longer than a test waits: what is answered is answered because the link is lost. */
const NO_TIMEOUT = ["--forward-timeout", "60000"]

const OWNED_HASHES: readonly number[] = Array.from({ length: 200 }, (_, i) => i * 7_919).filter(
  (hash) => rendezvousOwner(hash, NODES) === OWNER,
)

function ownedHash(number: number): number {
  return OWNED_HASHES[number % OWNED_HASHES.length]!
}

/** Waits until the node that was restarted answers again, by its id and for its keys. */
async function expectUsedAgain(client: TcpClient): Promise<void> {
  const ask = (): Promise<Answer[]> => {
    return client.askAll([
      { op: Op.NODE, target: OWNER },
      { op: Op.KEY, target: ownedHash(0) },
    ])
  }
  const isOwners = ({ status, value }: Answer): boolean =>
    status === Status.OK && decodeId(value).node === OWNER
  await askUntil("ids of the restarted node", ask, (answers) => answers.every(isOwners))
  const random = await client.askAll(Array(200).fill({ op: Op.RANDOM }))
  expect(random.some(isOwners)).toBe(true)
}

test("every request in flight to a node that is killed is answered once and in order", async () => {
  await using cluster = await NodeCluster.start(NODES.length, NO_TIMEOUT)
  using client = await TcpClient.connect(cluster.addresses[HERE]!)
  await client.askAll(NODES.map((target) => ({ op: Op.NODE, target })))

  // The owner stands still, so that all requests are in flight to it when it dies.
  cluster.node(OWNER).kill("SIGSTOP")
  const steps = Array.from({ length: IN_FLIGHT }, (_, i): Step[] => {
    const isStrict = i % 2 === 0
    const request = isStrict
      ? idsStep({ op: Op.NODE, target: OWNER }, [], [Status.NODE_DOWN])
      : idsStep({ op: Op.KEY, target: ownedHash(i) }, OTHERS)
    return [request, markerStep(i)]
  }).flat()
  // When the PING in front is answered, the node has read the rest with it.
  void client.send(requests([{ op: Op.PING, count: 0 }, ...steps.map(({ request }) => request)]))
  await client.receive(1)
  expect(client.unclaimed).toEqual([])
  await cluster.kill(OWNER)
  const answers = await client.receive(steps.length)
  expect(mismatches(steps, answers)).toEqual([])
  expect(answers.filter(({ status }) => status === Status.OK)).toHaveLength(IN_FLIGHT / 2)
  expectDistinct([idsAmong(steps, answers)])

  await cluster.restart(OWNER)
  await expectUsedAgain(client)
  expect(client.unclaimed).toEqual([])
})

test("what a node answered before it was killed arrives, and the rest is answered too", async () => {
  await using cluster = await NodeCluster.start(NODES.length, NO_TIMEOUT)
  using client = await TcpClient.connect(cluster.addresses[HERE]!)
  // Whole milliseconds of ids: the owner needs a second for these, so it dies in the middle.
  const steps = Array.from({ length: IN_FLIGHT }, (_, i) => {
    return i % 10 === 9
      ? markerStep(i)
      : idsStep({ op: Op.NODE, target: OWNER, count: 4_096 }, [OWNER], [Status.NODE_DOWN])
  })
  void client.send(requests(steps.map(({ request }) => request)))
  const answers = await client.receive(100)
  await cluster.kill(OWNER)
  answers.push(...(await client.receive(steps.length - 100)))
  expect(mismatches(steps, answers)).toEqual([])
  const statuses = answers.filter((_, i) => i % 10 !== 9).map(({ status }) => status)
  const firstLost = statuses.indexOf(Status.NODE_DOWN)
  expect(firstLost).toBeGreaterThan(80)
  expect(new Set(statuses.slice(0, firstLost))).toEqual(new Set([Status.OK]))
  expect(new Set(statuses.slice(firstLost))).toEqual(new Set([Status.NODE_DOWN]))

  await cluster.restart(OWNER)
  await expectUsedAgain(client)
  // What the killed process may have given out does not come again.
  const again = await client.askAll(Array(50).fill({ op: Op.NODE, target: OWNER, count: 4_096 }))
  const asked = again.map(() => idsStep({ op: Op.NODE, target: OWNER, count: 4_096 }, [OWNER]))
  expect(mismatches(asked, again)).toEqual([])
  expectDistinct([idsAmong(steps, answers), idsAmong(asked, again)])
})

test("a node that is stopped in order fails no request for a random node or a key", async () => {
  await using cluster = await NodeCluster.start(NODES.length)
  using client = await TcpClient.connect(cluster.addresses[HERE]!)
  const steps = Array.from({ length: 2_000 }, (_, i) => {
    if (i % 3 === 0) return markerStep(i)
    if (i % 3 === 1) return idsStep({ op: Op.RANDOM }, NODES)
    return idsStep({ op: Op.KEY, target: ownedHash(i) }, NODES)
  })
  const asked = requests(steps.map(({ request }) => request))
  const ids: bigint[][] = []
  const owner = cluster.node(OWNER)
  const stopping = owner.stop()
  do {
    void client.send(asked)
    const answers = await client.receive(steps.length)
    expect(mismatches(steps, answers)).toEqual([])
    ids.push(idsAmong(steps, answers))
  } while (owner.logged("stopped").length === 0)
  expect(await stopping).toBe(0)
  expectDistinct(ids)
})
