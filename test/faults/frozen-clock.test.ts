import { expect, setDefaultTimeout } from "bun:test"
import { COUNT_MAX, DEFAULT_EPOCH_MS, Op, composeId, decodeId } from "../../protocol/index.ts"
import { SCENARIO_TIMEOUT_MS, report, sized } from "../support/fault-run.ts"
import { RunningNode } from "../support/firn-process.ts"
import { MovableClock } from "../support/movable-clock.ts"
import { nodeStatus } from "../support/node-cluster.ts"
import { TcpClient, requests } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

/** How far a burst may take the time ahead of the clock. */
const BURST_MS = 10
/** By how many milliseconds the clock is moved on, one by one. */
const MOVES = sized(5, 200)

testWith("libfaketime")(
  "a frozen millisecond gives 4,096 ids and then the next one, up to the burst and no further",
  async () => {
    using dir = new TempDir()
    const clock = new MovableClock(dir.at("clock"))
    const frozenMs = Date.now()
    clock.freeze(frozenMs)
    await using node = await RunningNode.start(dir.at("node"), ["--node-id", "6"], {
      env: clock.env,
    })
    using client = await TcpClient.connect(node.tcp)
    expect(await client.ask({ op: Op.CLOCK, count: 0 })).toMatchObject({ value: BigInt(frozenMs) })

    const first = await client.ask()
    const { time, sequence } = decodeId(first.value)
    expect(time + DEFAULT_EPOCH_MS).toBe(frozenMs)
    // What is left of this millisecond, and all of those that a burst may run ahead.
    const due = COUNT_MAX - 1 - sequence + BURST_MS * COUNT_MAX
    void client.send(requests(Array(due + MOVES * COUNT_MAX).fill({})))
    const ids = [first.value, ...(await client.receive(due)).map(({ value }) => value)]
    expectConsecutive(ids)
    expect(decodeId(ids.at(-1)!)).toEqual({ time: time + BURST_MS, node: 6, sequence: 4_095 })
    await expectNoMore(client, node)

    // With every millisecond that the clock moves on there are as many again.
    for (let ms = 1; ms <= MOVES; ms++) {
      clock.freeze(frozenMs + ms)
      ids.push(...(await client.receive(COUNT_MAX)).map(({ value }) => value))
      if (ms % 50 === 1) await expectNoMore(client, node)
    }
    expectConsecutive(ids)
    expect(decodeId(ids.at(-1)!).time).toBe(time + BURST_MS + MOVES)
    expect(client.unclaimed).toEqual([])
    report("frozen millisecond", { milliseconds: 1 + BURST_MS + MOVES, ids: ids.length })
  },
)

/** Each id the one after the last: 4,096 of a millisecond, then those of the next. */
function expectConsecutive(ids: readonly bigint[]): void {
  const at = ids.findIndex((id, i) => i > 0 && id !== next(ids[i - 1]!))
  if (at >= 0) expect(decodeId(ids[at]!)).toEqual(decodeId(next(ids[at - 1]!)))
}

function next(id: bigint): bigint {
  const { time, node, sequence } = decodeId(id)
  if (sequence < COUNT_MAX - 1) return id + 1n
  return composeId({ time: time + 1, node, sequence: 0 })
}

/** Expects no more ids, for as long as the node needs to try again a few times. */
async function expectNoMore(client: TcpClient, node: RunningNode): Promise<void> {
  using other = await TcpClient.connect(node.tcp)
  for (let turn = 0; turn < 50; turn++) await other.ask({ op: Op.CLOCK, count: 0 })
  expect((await nodeStatus(node)).clockLeadMs).toBe(BURST_MS)
  expect(client.unclaimed).toEqual([])
}
