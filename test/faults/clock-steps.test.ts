import { expect, setDefaultTimeout } from "bun:test"
import { DEFAULT_EPOCH_MS, Op, Status, decodeId } from "../../protocol/index.ts"
import { askUntil } from "../support/deadline.ts"
import { SCENARIO_TIMEOUT_MS, repeat, report, sized } from "../support/fault-run.ts"
import { RunningNode } from "../support/firn-process.ts"
import { IdRecord } from "../support/id-record.ts"
import { Load } from "../support/load.ts"
import { MovableClock } from "../support/movable-clock.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

/** The load goes on whatever it is answered, and would hold up each stop for as long as it may. */
const ARGS = ["--node-id", "4", "--drain-timeout", "1000"]
const STEPS = sized(16, 50)
/** How long a step lasts at least, so that marks are written in it. */
const HOLD_MS = sized(0, 150)
const STROBE_MS = sized(1_500, 20_000)

/** The default of --max-clock-lead, and how far from it a refusal or an id is certain. */
const LEAD_MS = 10_000
const SLACK_MS = 1_500

const HOUR_MS = 3_600_000
const YEAR_MS = 365 * 24 * HOUR_MS

const withFaketime = testWith("libfaketime")

/** From 4 ms to 262 s, each power of two as likely. */
function stepMs(): number {
  return Math.round(2 ** (2 + 16 * Math.random()))
}

/** The time of an id, Unix milliseconds. */
function idMs(id: bigint): number {
  return DEFAULT_EPOCH_MS + decodeId(id).time
}

/** A node that lives by a movable clock, under load. */
class ClockedNode implements AsyncDisposable {
  readonly clock: MovableClock
  readonly node: RunningNode
  readonly load: Load
  readonly #watcher: TcpClient
  /** The latest that the clock has been: ids have been given out up to there. */
  #latestMs = 0

  private constructor(clock: MovableClock, node: RunningNode, load: Load, watcher: TcpClient) {
    this.clock = clock
    this.node = node
    this.load = load
    this.#watcher = watcher
  }

  static async start(dir: TempDir, record: IdRecord, depth: number): Promise<ClockedNode> {
    const clock = new MovableClock(dir.at("clock"))
    const node = await RunningNode.start(dir.at("node"), ["--node-id", "4"], { env: clock.env })
    const load = await Load.start(node.tcp, { connections: 4, depth, record })
    return new ClockedNode(clock, node, load, await TcpClient.connect(node.tcp))
  }

  step(byMs: number): void {
    this.#latestMs = Math.max(this.#latestMs, this.clock.nowMs)
    this.clock.step(byMs)
  }

  /** Waits for the answer that the clock, as it stands, has to lead to. @returns its status */
  async settle(): Promise<number> {
    const clock = await this.#watcher.ask({ op: Op.CLOCK, count: 0 })
    expect(Math.abs(Number(clock.value) - this.clock.nowMs)).toBeLessThan(SLACK_MS / 2)
    const behindMs = this.#latestMs - this.clock.nowMs
    const wanted = behindMs > LEAD_MS ? Status.CLOCK_BEHIND : Status.OK
    const isClear = Math.abs(behindMs - LEAD_MS) > SLACK_MS
    const { status, value } = await askUntil(
      `what comes of a clock ${behindMs} ms behind`,
      () => this.#watcher.ask(),
      (answer) => !isClear || answer.status === wanted,
    )
    // A clock that leapt ahead is followed only when it has stood for 5 s.
    if (behindMs <= 0) await this.#followed()
    if (status === Status.OK) await this.load.receive(200)
    else expect(Number(value)).toBeLessThanOrEqual(behindMs - LEAD_MS + SLACK_MS)
    return status
  }

  async #followed(): Promise<void> {
    await askUntil(
      "ids of the time that the clock shows",
      () => this.#watcher.ask(),
      ({ status, value }) => status === Status.OK && idMs(value) > this.clock.nowMs - SLACK_MS,
    )
  }

  async ready(): Promise<number> {
    return (await fetch(`http://${this.node.http}/readyz`)).status
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.load[Symbol.dispose]()
    this.#watcher[Symbol.dispose]()
    await this.node[Symbol.asyncDispose]()
  }
}

withFaketime.each([1, 64])(
  "no step of the clock brings an id twice, with %d requests in flight a connection",
  async (depth) => {
    using dir = new TempDir()
    using record = new IdRecord()
    await using clocked = await ClockedNode.start(dir, record, depth)
    await clocked.load.receive(1_000)
    let backMs = 0
    let refused = 0
    await repeat("clock steps", "steps", STEPS, async () => {
      // Back and then forth again, or ahead for good.
      const byMs = backMs > 0 ? backMs : stepMs() * (Math.random() < 0.6 ? -1 : 1)
      backMs = byMs < 0 ? -byMs : 0
      clocked.step(byMs)
      const status = await clocked.settle()
      if (status === Status.CLOCK_BEHIND) refused++
      else expect(status).toBe(Status.OK)
      expect(await clocked.ready()).toBe(status === Status.OK ? 200 : 503)
      await Bun.sleep(HOLD_MS)
    })
    clocked.step(backMs)
    expect(await clocked.settle()).toBe(Status.OK)
    await clocked.load.stop()
    // Nobody was refused but for the clock.
    expect([...clocked.load.refusals.keys()].filter((it) => it !== Status.CLOCK_BEHIND)).toEqual([])
    expect(await clocked.node.stop()).toBe(0)
    const { ids, duplicates, decreases } = record.verify()
    report("clock steps", { steps: STEPS, "of them refused": refused, ids, duplicates, decreases })
  },
)

withFaketime("a clock that strobes brings no id twice", async () => {
  using dir = new TempDir()
  using record = new IdRecord()
  await using clocked = await ClockedNode.start(dir, record, 16)
  await clocked.load.receive(1_000)
  const startMs = performance.now()
  let flips = 0
  while (performance.now() - startMs < STROBE_MS) {
    const byMs = stepMs()
    // The clock goes to and fro between two times for a quarter of a second, then between others.
    for (let flip = 0; flip < 50; flip++) {
      clocked.step(flip % 2 === 0 ? -byMs : byMs)
      flips++
      await Bun.sleep(Math.random() * 10)
    }
  }
  expect(await clocked.settle()).toBe(Status.OK)
  await clocked.load.stop()
  expect(await clocked.node.stop()).toBe(0)
  const { ids, duplicates, decreases } = record.verify()
  report("strobing clock", { flips, ids, duplicates, decreases })
})

withFaketime.each(["SIGKILL", "SIGTERM"] as const)(
  "a start with the clock back, after %s, goes on above all ids from before or refuses",
  async (signal) => {
    using dir = new TempDir()
    using record = new IdRecord()
    let refused = 0
    const clock = new MovableClock(dir.at("clock"))
    for (const [aheadMs, backMs] of [
      [0, 0],
      [0, 1],
      [0, 5_000],
      [0, HOUR_MS],
      [0, 10 * YEAR_MS],
      [HOUR_MS, HOUR_MS],
    ] as const) {
      for (const byMs of [aheadMs, -backMs]) {
        clock.step(byMs)
        record.newLife("node")
        await using node = await RunningNode.start(dir.at("node"), ARGS, {
          env: clock.env,
        })
        using client = await TcpClient.connect(node.tcp)
        // Further behind than the permitted lead, only the clock brings the ids back.
        if (backMs > LEAD_MS && byMs < 0) {
          const { status, value } = await client.ask()
          expect(status).toBe(Status.CLOCK_BEHIND)
          expect(Number(value)).toBeWithin(backMs - LEAD_MS - SLACK_MS, backMs)
          expect((await fetch(`http://${node.http}/readyz`)).status).toBe(503)
          refused++
          clock.step(backMs)
        }
        await askUntil(
          "an id",
          () => client.ask(),
          ({ status }) => status === Status.OK,
        )
        using load = await Load.start(node.tcp, { connections: 2, depth: 8, record })
        await load.receive(500)
        node.kill(signal)
        await node.exit
        await load.closed()
        const statuses = [...load.refusals.keys()]
        expect(statuses.filter((status) => status !== Status.NOT_READY)).toEqual([])
      }
      if (aheadMs === 0) clock.set(Date.now())
    }
    const { ids, duplicates, overlaps } = record.verify()
    report(`starts with the clock back, ${signal}`, { refused, ids, duplicates, overlaps })
  },
)
