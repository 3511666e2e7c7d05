import { expect, setDefaultTimeout } from "bun:test"
import { renameSync, writeFileSync } from "node:fs"
import { Op, Status } from "../../protocol/index.ts"
import { askUntil } from "../support/deadline.ts"
import { RunningNode } from "../support/firn-process.ts"
import { expectDistinct, expectIncreasing } from "../support/ids.ts"
import { Load } from "../support/load.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { faketimeLibrary, testWith } from "../support/tools.ts"

setDefaultTimeout(60_000)

/** The wall clock of a node, moved by libfaketime; the monotonic one runs on. */
class MovableClock {
  readonly #file: string
  #offsetMs = 0

  constructor(file: string) {
    this.#file = file
    this.step(0)
  }

  get env(): Record<string, string> {
    return {
      LD_PRELOAD: faketimeLibrary() ?? "",
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    }
  }

  /** Moves the clock, at once and in one go. */
  step(byMs: number): void {
    this.#offsetMs += byMs
    const seconds = (Math.abs(this.#offsetMs) / 1_000).toFixed(3)
    writeFileSync(`${this.#file}.new`, `${this.#offsetMs < 0 ? "-" : "+"}${seconds}\n`)
    renameSync(`${this.#file}.new`, this.#file)
  }

  get nowMs(): number {
    return Date.now() + this.#offsetMs
  }
}

const withFaketime = testWith("libfaketime").concurrent

withFaketime.each([1, 64])(
  "no step of the clock brings an id twice, with %d requests in flight a connection",
  async (depth) => {
    using dir = new TempDir()
    const clock = new MovableClock(dir.at("clock"))
    const options = { env: clock.env }
    await using node = await RunningNode.start(dir.at("node"), ["--node-id", "4"], options)
    using load = await Load.start(node.tcp, { connections: 4, depth })
    using watcher = await TcpClient.connect(node.tcp)
    const expectMoved = async (): Promise<void> => {
      const { value } = await watcher.ask({ op: Op.CLOCK, count: 0 })
      expect(Math.abs(Number(value) - clock.nowMs)).toBeLessThan(800)
    }
    await load.receive(1_000)
    // The last ones wander without ever leaving the permitted lead of 10 s.
    for (const byMs of [-50, -1_000, 5_000, -3, 1, 60_000, -4_000, -5_000, 2_000, -2_500, 9_000]) {
      clock.step(byMs)
      await load.receive(1_000)
      await expectMoved()
    }
    expect(load.refused).toBe(0)

    clock.step(-20_000)
    const { value } = await askUntil(
      "the refusal",
      () => watcher.ask(),
      ({ status }) => status === Status.CLOCK_BEHIND,
    )
    expect(Number(value)).toBeLessThanOrEqual(20_000)
    expect((await fetch(`http://${node.http}/readyz`)).status).toBe(503)
    await node.waitForLog("not-ready")

    clock.step(15_000)
    await askUntil(
      "ids again",
      () => watcher.ask(),
      ({ status }) => status === Status.OK,
    )
    expect((await fetch(`http://${node.http}/readyz`)).status).toBe(200)
    await load.receive(1_000)
    await load.stop()
    for (const ids of load.ids) expectIncreasing(ids)
    expectDistinct(load.ids)
    expect(await node.stop()).toBe(0)
  },
)

withFaketime("a restart after a step back goes on above the ids from before", async () => {
  using dir = new TempDir()
  const clock = new MovableClock(dir.at("clock"))
  const options = { env: clock.env }
  const ids: bigint[] = []
  for (const [byMs, signal] of [
    [0, "SIGKILL"],
    [-1_000, "SIGKILL"],
    [-2_000, "SIGTERM"],
    [30_000, "SIGKILL"],
    [-50, "SIGTERM"],
  ] as const) {
    clock.step(byMs)
    await using node = await RunningNode.start(dir.at("node"), ["--node-id", "4"], options)
    using client = await TcpClient.connect(node.tcp)
    const answers = await client.askAll(Array(500).fill({}))
    expect(answers.filter(({ status }) => status !== Status.OK)).toEqual([])
    ids.push(...answers.map(({ value }) => value))
    node.kill(signal)
    await node.exit
  }
  expectIncreasing(ids)
})
