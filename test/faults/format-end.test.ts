import { expect, setDefaultTimeout } from "bun:test"
import { DEFAULT_EPOCH_MS, Status, TIME_MAX, decodeId } from "../../protocol/index.ts"
import { askUntil } from "../support/deadline.ts"
import { SCENARIO_TIMEOUT_MS, report, sized } from "../support/fault-run.ts"
import { RunningNode } from "../support/firn-process.ts"
import { IdRecord } from "../support/id-record.ts"
import { Load } from "../support/load.ts"
import { MovableClock } from "../support/movable-clock.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

/** How long before a special time a node is started, to see that time pass. */
const BEFORE_MS = sized(1_500, 6_000)
const HOUR_MS = 3_600_000
/** How long a busy machine may stand still. */
const SLACK_MS = 1_000
const NODE = ["--node-id", "9"]

const withFaketime = testWith("libfaketime")

/** When the time field of an id has this value. */
function unixMs(time: number): number {
  return DEFAULT_EPOCH_MS + time
}

withFaketime(
  "a time of 2^41 comes and goes: ids pass 2^63, each still above the last",
  async () => {
    using dir = new TempDir()
    using record = new IdRecord()
    const clock = new MovableClock(dir.at("clock"))
    clock.set(unixMs(2 ** 41) - BEFORE_MS)
    await using node = await RunningNode.start(dir.at("node"), NODE, { env: clock.env })
    using client = await TcpClient.connect(node.tcp)
    const first = await client.ask()
    expect(first.value).toBeLessThan(2n ** 63n)
    using load = await Load.start(node.tcp, { connections: 4, depth: 16, record })
    await askUntil(
      "an id past 2^63",
      () => client.ask(),
      ({ value }) => value >= 2n ** 63n,
    )
    await load.receive(10_000)
    await load.stop()
    expect(load.refused).toBe(0)
    const text = await (await fetch(`http://${node.http}/lunique`)).text()
    expect(decodeId(text.trim())).toMatchObject({ node: 9 })
    expect(BigInt(text.trim())).toBeGreaterThan(2n ** 63n)
    expect(await node.stop()).toBe(0)
    const { ids, max, duplicates, decreases } = record.verify()
    expect(max).toBeGreaterThan(2n ** 63n)
    report("time 2^41", { ids, duplicates, decreases })
  },
)

/** The starts of a node: how far the clock is moved before, and the status that comes at last. */
const LIVES = [
  { byMs: 0, end: Status.OK },
  { byMs: HOUR_MS - BEFORE_MS, end: Status.NOT_READY },
  { byMs: HOUR_MS, end: Status.NOT_READY },
  // Set back, once the end has been reached.
  { byMs: -2 * HOUR_MS, end: Status.CLOCK_BEHIND },
]

withFaketime("at the end of the format a node refuses, wraps never, and says why", async () => {
  using dir = new TempDir()
  using record = new IdRecord()
  const clock = new MovableClock(dir.at("clock"))
  clock.set(unixMs(TIME_MAX) - HOUR_MS)
  let refused = 0
  for (const { byMs, end } of LIVES) {
    clock.step(byMs)
    record.newLife("node")
    await using node = await RunningNode.start(dir.at("node"), NODE, { env: clock.env })
    using client = await TcpClient.connect(node.tcp)
    using load = await Load.start(node.tcp, { connections: 4, depth: 16, record })
    await askUntil(
      `status ${end}`,
      () => client.ask(),
      ({ status }) => status === end,
    )
    if (end === Status.OK) await load.receive(10_000)
    else await expectRefusal(node, end)
    await load.stop()
    refused += load.refused
    expect([...load.refusals.keys()]).toEqual(end === Status.OK ? [] : [end])
    expect(await node.stop()).toBe(0)
  }
  const { ids, max, duplicates, decreases, overlaps } = record.verify()
  // Ids were given out up to the end, but for the moment in which a busy machine did not look, and
  // none of the first milliseconds.
  expect(decodeId(max).time).toBeWithin(TIME_MAX - SLACK_MS, TIME_MAX + 1)
  report("time 2^42 - 1", { ids, duplicates, decreases, overlaps, refused })
})

async function expectRefusal(node: RunningNode, status: Status): Promise<void> {
  const reason =
    status === Status.CLOCK_BEHIND ? "CLOCK_BEHIND: " : "NOT_READY: the time field is used up"
  await node.waitForLog("not-ready")
  const ready = await fetch(`http://${node.http}/readyz`)
  expect({ status: ready.status, text: await ready.text() }).toEqual({
    status: 503,
    text: expect.stringContaining(reason),
  })
  expect((await fetch(`http://${node.http}/lunique`)).status).toBe(503)
}
