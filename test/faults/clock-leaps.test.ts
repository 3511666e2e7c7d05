import { expect, setDefaultTimeout } from "bun:test"
import { DEFAULT_EPOCH_MS, Status, decodeId } from "../../protocol/index.ts"
import { askUntil, within } from "../support/deadline.ts"
import { SCENARIO_TIMEOUT_MS, repeat, report, sized } from "../support/fault-run.ts"
import { RunningNode } from "../support/firn-process.ts"
import { IdRecord } from "../support/id-record.ts"
import { Load } from "../support/load.ts"
import { MovableClock } from "../support/movable-clock.ts"
import { NodeCluster, nodeStatus, peersText } from "../support/node-cluster.ts"
import { storedMark } from "../support/stored-mark.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

const DAY_MS = 86_400_000
const YEAR_MS = 365 * DAY_MS
/** For how long the clock leaps, and how often. */
const GLITCH_MS = 500
const GLITCHES = sized(2, 10)
/** How long a leap stands. A node that is alone follows it after 5 s. */
const STANDS_MS = sized(6_500, 20_000)
/** How far the times of ids and of this process may differ, on a machine that is busy. */
const SLACK_MS = 1_500
/** The p99 of a node that serves, on a machine that is busy. */
const P99_MS = 100

const withFaketime = testWith("libfaketime")

/** Asks one id at a time, and holds the time of each against the right time. */
class Asker {
  readonly #client: TcpClient
  readonly #latenciesMs: number[] = []
  readonly refusals = new Map<number, number>()

  constructor(client: TcpClient) {
    this.#client = client
  }

  async askFor(ms: number): Promise<void> {
    const startMs = performance.now()
    for (let nowMs = startMs; nowMs - startMs < ms; nowMs = performance.now()) {
      const { status, value } = await this.#client.ask()
      this.#latenciesMs.push(performance.now() - nowMs)
      if (status === Status.OK) expect(Math.abs(idMs(value) - Date.now())).toBeLessThan(SLACK_MS)
      else this.refusals.set(status, (this.refusals.get(status) ?? 0) + 1)
    }
  }

  get p99Ms(): number {
    const sorted = this.#latenciesMs.toSorted((a, b) => a - b)
    return sorted[Math.floor(sorted.length * 0.99)]!
  }
}

/** The time of an id, Unix milliseconds. */
function idMs(id: bigint): number {
  return DEFAULT_EPOCH_MS + decodeId(id).time
}

async function readiness({ http }: RunningNode): Promise<string> {
  const response = await within("/readyz", fetch(`http://${http}/readyz`))
  return `${response.status} ${(await response.text()).trimEnd()}`
}

/** Starts node 3 of a cluster, by its own clock; all others are there. */
async function startByClock(cluster: NodeCluster, clock: MovableClock): Promise<RunningNode> {
  const args = ["--peers", peersText(cluster.addresses)]
  return await cluster.startNode(3, args, { env: clock.env })
}

/** Three nodes whose clocks are right. */
async function startOthers(cluster: NodeCluster): Promise<void> {
  const args = ["--peers", peersText(cluster.addresses)]
  await Promise.all([0, 1, 2].map((nodeId) => cluster.startNode(nodeId, args)))
}

withFaketime("a clock that is a day ahead for half a second leaves no trace", async () => {
  using dir = new TempDir()
  using record = new IdRecord()
  const clock = new MovableClock(dir.at("clock"))
  await using node = await RunningNode.start(dir.at("node"), ["--node-id", "4"], { env: clock.env })
  using load = await Load.start(node.tcp, { connections: 4, depth: 8, record })
  using client = await TcpClient.connect(node.tcp)
  const asker = new Asker(client)
  await asker.askFor(200)
  await repeat("a day ahead for half a second", "glitches", GLITCHES, async () => {
    clock.step(DAY_MS)
    await asker.askFor(GLITCH_MS)
    clock.step(-DAY_MS)
    await asker.askFor(1_000)
  })
  expect([load.refused, [...asker.refusals]]).toEqual([0, []])
  expect(asker.p99Ms).toBeLessThan(P99_MS)
  expect(node.logged("not-ready")).toEqual([])
  await load.stop()
  expect(await node.stop()).toBe(0)
  expect(DEFAULT_EPOCH_MS + storedMark(dir.at("node"))).toBeLessThan(Date.now() + SLACK_MS)
  const { ids, duplicates, decreases } = record.verify()
  report("a day ahead for half a second", {
    glitches: GLITCHES,
    ids,
    duplicates,
    decreases,
    "ms p99": asker.p99Ms.toFixed(2),
  })
})

withFaketime("a clock that leapt and that three peers contradict is not followed", async () => {
  await using cluster = new NodeCluster(4)
  using record = new IdRecord()
  await startOthers(cluster)
  const clock = new MovableClock(cluster.dir.at("clock"))
  const node = await startByClock(cluster, clock)
  using load = await Load.start(node.tcp, { connections: 4, depth: 8, record })
  using client = await TcpClient.connect(node.tcp)
  const asker = new Asker(client)
  clock.step(DAY_MS)
  await asker.askFor(STANDS_MS)
  expect(await readiness(node)).toBe("200 ready")
  expect((await nodeStatus(node)).clockDoubt).toMatch(
    /^the wall clock is 86\d{6} ms ahead of those of [1-3] of [1-3] nodes; ids go on at the pace of /,
  )
  expect(node.logged("clock-unconfirmed").length).toBeGreaterThan(0)
  clock.step(-DAY_MS)
  await asker.askFor(1_000)
  expect([load.refused, [...asker.refusals]]).toEqual([0, []])
  expect((await nodeStatus(node)).clockDoubt).toBeNull()
  await load.stop()
  const { ids, duplicates } = record.verify()
  report("a day ahead, contradicted", { "ms it stood": STANDS_MS, ids, duplicates })
})

withFaketime("a leap that all nodes see is followed, sooner than by a node alone", async () => {
  await using cluster = new NodeCluster(3)
  const clock = new MovableClock(cluster.dir.at("clock"))
  const args = ["--peers", peersText(cluster.addresses)]
  for (const nodeId of [0, 1, 2]) await cluster.startNode(nodeId, args, { env: clock.env })
  using client = await TcpClient.connect(cluster.addresses[0]!)
  await client.ask()
  const startMs = performance.now()
  clock.step(DAY_MS)
  await askUntil(
    "ids of the day after",
    () => client.ask(),
    ({ status, value }) => status === Status.OK && idMs(value) > Date.now() + DAY_MS - SLACK_MS,
  )
  const tookMs = performance.now() - startMs
  expect(tookMs).toBeLessThan(4_500)
  report("a day ahead, confirmed", { "ms until it was followed": Math.round(tookMs) })
})

withFaketime(
  "a start ten years ahead, which peers contradict, stores no mark and says why",
  async () => {
    await using cluster = new NodeCluster(4)
    await startOthers(cluster)
    const clock = new MovableClock(cluster.dir.at("clock"))
    clock.step(10 * YEAR_MS)
    const wrong = await startByClock(cluster, clock)
    using client = await TcpClient.connect(wrong.tcp)
    expect((await client.ask()).status).toBe(Status.NOT_READY)
    const reason = /the wall clock is 3153\d{8} ms ahead of those of [1-3] of [1-3] nodes/
    expect(await readiness(wrong)).toMatch(reason)
    expect((await wrong.waitForLog("clock-unconfirmed")).msg).toMatch(reason)
    await cluster.kill(3)
    expect(storedMark(cluster.dir.at("node-3"))).toBe(0)

    const again = await startByClock(cluster, clock)
    using next = await TcpClient.connect(again.tcp)
    expect((await next.ask()).status).toBe(Status.NOT_READY)
    const startMs = performance.now()
    clock.set(Date.now())
    const { value } = await askUntil(
      "an id",
      () => next.ask(),
      ({ status }) => status === Status.OK,
    )
    const tookMs = performance.now() - startMs
    expect(Math.abs(idMs(value) - Date.now())).toBeLessThan(SLACK_MS)
    expect(await again.stop()).toBe(0)
    expect(DEFAULT_EPOCH_MS + storedMark(cluster.dir.at("node-3"))).toBeLessThan(Date.now() + 100)
    report("a start ten years ahead", { "ms to ids with the clock right": Math.round(tookMs) })
  },
)
