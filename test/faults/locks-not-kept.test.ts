import { expect, setDefaultTimeout } from "bun:test"
import { COUNT_MAX } from "../../protocol/index.ts"
import { within } from "../support/deadline.ts"
import { SCENARIO_TIMEOUT_MS, repeat, report, sized } from "../support/fault-run.ts"
import { RunningNode } from "../support/firn-process.ts"
import type { SpawnOptions } from "../support/firn-process.ts"
import { IdRecord } from "../support/id-record.ts"
import { Load } from "../support/load.ts"
import { OddFileSystem } from "../support/odd-file-system.ts"
import { seedAhead } from "../support/stored-mark.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

const NODE = ["--node-id", "3"]
const IDS = 60_000
/** How a process ends that another one has taken over from. */
const IDENTITY_LOST = 3
/** That long after the loss, and after what it does until it notices, it is gone. */
const GONE_WITHIN_MS = 20_000

const TAKEOVERS = sized(6, 60)
/** How far the time is ahead of the clock at first: then marks are written often, every 50 ms. */
const AHEAD_MS = 4_000
/** A millisecond has only one block of this size, so that time is used up as fast as it may be. */
const BUSY = { connections: 4, depth: 1, count: COUNT_MAX / 2 + 1 }

testWith("cc")("of two processes where locks are not kept the older one gives way", async () => {
  using dir = new TempDir()
  using odd = new OddFileSystem()
  using record = new IdRecord()
  const options = { env: odd.env("locks-not-kept") }
  const load = { connections: 8, depth: 16, record }

  record.newLife("node")
  await using older = await RunningNode.start(dir.path, NODE, options)
  using olderLoad = await Load.start(older.tcp, load)
  await olderLoad.receive(IDS)
  record.newLife("node")
  await using newer = await RunningNode.start(dir.path, NODE, options)
  using newerLoad = await Load.start(newer.tcp, load)
  await Promise.all([olderLoad.receive(IDS), newerLoad.receive(IDS)])

  const { reason } = await older.waitForLog("identity-lost")
  expect(reason).toStartWith(`another process has taken over ${dir.path} (process ${newer.pid} on `)
  const ready = await fetch(`http://${older.http}/readyz`)
  expect([ready.status, await ready.text()]).toEqual([503, `identity lost: ${reason}\n`])
  expect(await within("the end of the older one", older.exit, GONE_WITHIN_MS)).toBe(IDENTITY_LOST)
  await olderLoad.closed()
  await newerLoad.receive(IDS)
  await newerLoad.stop()
  expect([newerLoad.refused, newer.logged("identity-lost")]).toEqual([0, []])
  expect(await newer.stop()).toBe(0)
  const { ids, duplicates } = record.verify()
  report("two processes, locks not kept", { ids, duplicates })
})

/** One process under load, and what has been done to it. */
class Life implements AsyncDisposable {
  wasKilled = false
  #isStopped = false
  readonly node: RunningNode
  readonly load: Load

  private constructor(node: RunningNode, load: Load) {
    this.node = node
    this.load = load
  }

  static async begin(dataDir: string, options: SpawnOptions, record: IdRecord): Promise<Life> {
    record.newLife("node")
    const node = await RunningNode.start(dataDir, NODE, options)
    return new Life(node, await Load.start(node.tcp, { ...BUSY, record }))
  }

  standStill(): void {
    this.#isStopped = true
    this.node.kill("SIGSTOP")
  }

  goOn(): void {
    if (this.#isStopped) this.node.kill("SIGCONT")
    this.#isStopped = false
  }

  kill(): void {
    this.wasKilled = true
    this.node.kill("SIGKILL")
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.load[Symbol.dispose]()
    await this.node[Symbol.asyncDispose]()
  }
}

testWith("cc")(
  "no id comes twice, however often and at whatever moment one takes over",
  async () => {
    using dir = new TempDir()
    using odd = new OddFileSystem()
    using record = new IdRecord()
    await using lives = new AsyncDisposableStack()
    const dataDir = dir.at("node")
    const options = { env: odd.env("locks-not-kept") }
    seedAhead(dataDir, 3, AHEAD_MS)
    const older: Life[] = []
    let life = lives.use(await Life.begin(dataDir, options, record))
    await life.load.receive(IDS)
    await repeat("take-overs where locks are not kept", "take-overs", TAKEOVERS, async (number) => {
      const before = life
      older.push(before)
      // One goes on all the time, one stands still during the start, one is killed in the midst of it.
      if (number % 3 === 1) before.standStill()
      const starting = Life.begin(dataDir, options, record)
      if (number % 3 === 2) before.kill()
      life = lives.use(await starting)
      await life.load.receive(IDS)
      // What the one that stood still does now may be as old as its last look at who has the data.
      if (number % 2 === 0) before.goOn()
      // Now and then its successor is gone by then.
      if (number % 4 === 3) life.kill()
    })
    for (const one of older) one.goOn()
    for (const { node, wasKilled } of older) {
      const exit = await within("the end of an older process", node.exit, GONE_WITHIN_MS)
      expect(exit).toBe(wasKilled ? "SIGKILL" : IDENTITY_LOST)
      if (!wasKilled) expect(node.logged("identity-lost")).toHaveLength(1)
    }
    const { ids, duplicates, overlaps } = record.verify()
    report("take-overs where locks are not kept", {
      "take-overs": TAKEOVERS,
      ids,
      duplicates,
      overlaps,
    })
  },
)
