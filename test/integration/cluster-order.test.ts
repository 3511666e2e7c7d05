import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test"
import { DEFAULT_EPOCH_MS, Op, Status } from "../../protocol/index.ts"
import { rendezvousOwner } from "../../server/routing/rendezvous.ts"
import { expectDistinct } from "../support/ids.ts"
import { NodeCluster } from "../support/node-cluster.ts"
import { OrderedLoad } from "../support/ordered-load.ts"
import { exactStep, idsAmong, idsStep, markerStep, mismatches } from "../support/steps.ts"
import type { Step } from "../support/steps.ts"
import { TcpClient, requests } from "../support/tcp-client.ts"

setDefaultTimeout(30_000)

const NODES = [0, 1, 2, 3]
/** The node that is connected to. */
const HERE = 0

const started = new AsyncDisposableStack()
let cluster: NodeCluster
/** What PING of `HERE` answers. */
let startNumber: bigint

beforeAll(async () => {
  // On a machine that is busy with other tests no answer may be late.
  cluster = started.use(await NodeCluster.start(NODES.length, ["--forward-timeout", "20000"]))
  using client = await TcpClient.connect(cluster.addresses[HERE]!)
  startNumber = (await client.ask({ op: Op.PING, count: 0 })).value
})

afterAll(() => started.disposeAsync())

function below(limit: number): number {
  return Math.floor(Math.random() * limit)
}

/** A request of any kind, good or bad; `number` stands in the answer to some of them. */
function anyStep(number: number): Step {
  // Large blocks, which have to wait for the generators, among single ids.
  const count = below(50) === 0 ? 1 + below(4_096) : 1 + below(4)
  switch (below(9)) {
    case 0:
      return idsStep({ count }, [HERE])
    case 1:
      return idsStep({ op: Op.RANDOM, count }, NODES)
    case 2: {
      const hash = below(2 ** 32)
      return idsStep({ op: Op.KEY, count, target: hash }, [rendezvousOwner(hash, NODES)])
    }
    case 3: {
      const target = below(NODES.length)
      return idsStep({ op: Op.NODE, count, target }, [target])
    }
    case 4:
      return exactStep({ op: Op.PING, count: 0 }, Status.OK, startNumber)
    case 5:
      return exactStep({ op: Op.EPOCH, count: 0 }, Status.OK, DEFAULT_EPOCH_MS)
    case 6:
      return exactStep({ op: 0xff }, Status.BAD_REQUEST, 0)
    case 7:
      return exactStep({ op: Op.RANDOM, target: number + 1 }, Status.BAD_REQUEST, 4)
    default:
      return markerStep(number)
  }
}

function anySteps(count: number): Step[] {
  return Array.from({ length: count }, (_, number) => anyStep(number))
}

test("one connection gets its answers in the order of its requests, whoever gives them", async () => {
  using client = await TcpClient.connect(cluster.addresses[HERE]!)
  const ids: bigint[][] = []
  for (let round = 0; round < 4; round++) {
    const steps = anySteps(5_000)
    const answers = await client.askAll(steps.map(({ request }) => request))
    expect(mismatches(steps, answers)).toEqual([])
    ids.push(idsAmong(steps, answers))
  }
  expect(client.unclaimed).toEqual([])
  expectDistinct(ids)
})

test("order holds when requests arrive in pieces that cut through frames", async () => {
  using client = await TcpClient.connect(cluster.addresses[HERE]!)
  const steps = anySteps(3_000)
  const bytes = requests(steps.map(({ request }) => request))
  for (let at = 0; at < bytes.length;) {
    const next = at + 1 + below(500)
    await client.send(bytes.subarray(at, next))
    at = next
  }
  const answers = await client.receive(steps.length)
  expect(mismatches(steps, answers)).toEqual([])
  expectDistinct([idsAmong(steps, answers)])
})

test("a client that closes its side after the last request still gets every answer", async () => {
  using client = await TcpClient.connect(cluster.addresses[HERE]!)
  const steps = anySteps(3_000)
  void client.send(requests(steps.map(({ request }) => request)))
  await client.halfClose()
  const answers = await client.receive(steps.length)
  expect(mismatches(steps, answers)).toEqual([])
  expect(await client.closed).toBeUndefined()
  expect(client.unclaimed).toEqual([])
})

test("a client that does not read for a while gets everything in order when it does", async () => {
  using client = await TcpClient.connect(cluster.addresses[HERE]!)
  using other = await TcpClient.connect(cluster.addresses[HERE]!)
  client.pause()
  const steps = anySteps(40_000)
  void client.send(requests(steps.map(({ request }) => request)))
  // Others are served meanwhile.
  const step = idsStep({ op: Op.RANDOM, count: 1 }, NODES)
  for (let i = 0; i < 200; i++)
    expect(mismatches([step], [await other.ask(step.request)])).toEqual([])
  client.resume()
  const answers = await client.receive(steps.length)
  expect(mismatches(steps, answers)).toEqual([])
  expectDistinct([idsAmong(steps, answers)])
})

test("order holds on many connections to all nodes at a time, and no id comes twice", async () => {
  using stack = new DisposableStack()
  const loads = await Promise.all(
    cluster.addresses.map((address, node) => {
      const step = (number: number): Step => {
        const kind = number % 4
        if (kind === 0) return markerStep(number)
        if (kind === 1) return idsStep({}, [node])
        if (kind === 2) return idsStep({ op: Op.RANDOM }, NODES)
        return idsStep({ op: Op.NODE, target: number % 3 }, [number % 3])
      }
      return OrderedLoad.start(address, { connections: 5, depth: 32, step })
    }),
  )
  for (const load of loads) stack.use(load)
  await Promise.all(loads.map((load) => load.progress(2_000)))
  await Promise.all(loads.map((load) => load.stop()))
  for (const { mismatches: wrong, lost, statuses } of loads) {
    expect({ wrong, lost }).toEqual({ wrong: [], lost: 0 })
    expect(new Set(statuses.keys())).toEqual(new Set([Status.OK, Status.UNKNOWN_NODE]))
  }
  expectDistinct(loads.map(({ ids }) => ids))
})
