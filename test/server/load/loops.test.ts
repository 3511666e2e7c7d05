import { describe, expect, test } from "bun:test"
import { ClosedLoop } from "../../../server/load/closed-loop.ts"
import { Latencies } from "../../../server/load/latencies.ts"
import type { Loop } from "../../../server/load/loop.ts"
import { OpenLoop } from "../../../server/load/open-loop.ts"
import type { VirtualEnvironment } from "../../support/virtual-environment.ts"
import { FakeConnection, turningEnvironment } from "./fake-connection.ts"

interface Rig {
  readonly environment: VirtualEnvironment
  readonly connections: readonly FakeConnection[]
  readonly latencies: Latencies
  readonly loop: Loop
}

type MakeLoop = (rig: Omit<Rig, "loop">) => Loop

function rigOf(connections: number, make: MakeLoop): Rig {
  const environment = turningEnvironment()
  const parts = {
    environment,
    connections: Array.from({ length: connections }, () => new FakeConnection(environment)),
    latencies: new Latencies(),
  }
  return { ...parts, loop: make(parts) }
}

const closed =
  (depth: number): MakeLoop =>
  ({ connections, latencies, environment }) =>
    new ClosedLoop(connections, depth, latencies, environment)

const open =
  (ratePerSecond: number, depth: number, burst = 1): MakeLoop =>
  ({ connections, latencies, environment }) =>
    new OpenLoop(connections, { ratePerSecond, depth, burst }, latencies, environment)

/** A second of load; the server stalls for the last 200 ms of its first half. */
async function stallingRun({ environment, connections, loop }: Rig): Promise<void> {
  loop.start()
  loop.measure()
  environment.advance(300)
  for (const connection of connections) connection.stalledUntilMs = 500
  environment.advance(700)
  const stopped = loop.stop()
  environment.advance(50)
  await stopped
}

describe("a server that stalls for 200 ms of a second", () => {
  test("hides behind a closed loop, which sends nothing meanwhile", async () => {
    const rig = rigOf(1, closed(1))
    await stallingRun(rig)
    const { p99, max } = rig.latencies.summary()
    expect(p99).toBeLessThan(2_000)
    expect(max).toBeGreaterThan(190_000)
  })

  test.each([
    ["one by one", rigOf(1, open(500, 1_000))],
    ["in bursts", rigOf(4, open(5_000, 10, 10))],
  ])("is charged by an open loop for every request that was due meanwhile, %s", async (_, rig) => {
    await stallingRun(rig)
    // A fifth of the requests were due in the stall, and waited from 200 ms down to 0.
    const { p50, p90, p99 } = rig.latencies.summary()
    expect(p50).toBeLessThan(2_000)
    expect(p90).toBeWithin(90_000, 115_000)
    expect(p99).toBeWithin(180_000, 205_000)
    expect(rig.loop.answered).toBe(rig.latencies.count)
  })

  test("is charged as much when connections may have only one request in flight", async () => {
    const rig = rigOf(4, open(500, 1))
    await stallingRun(rig)
    expect(rig.connections.map(({ mostInFlight }) => mostInFlight)).toEqual([1, 1, 1, 1])
    expect(rig.latencies.summary().p90).toBeGreaterThan(90_000)
    expect(rig.latencies.count).toBeWithin(499, 502)
  })
})

describe("an open loop", () => {
  test("sends at its rate, evenly over its connections", () => {
    const { environment, connections, loop } = rigOf(4, open(1_000, 16))
    loop.start()
    environment.advance(999.5)
    expect(connections.map(({ sent }) => sent)).toEqual([250, 250, 250, 250])
  })

  test("sends bursts at the same rate, each on one connection", async () => {
    const { environment, connections, loop, latencies } = rigOf(4, open(1_000, 10, 10))
    loop.start()
    loop.measure()
    environment.advance(9.5)
    expect(connections.map(({ sent }) => sent)).toEqual([10, 0, 0, 0])
    environment.advance(990)
    expect(connections.map(({ sent }) => sent)).toEqual([250, 250, 250, 250])
    expect(connections.map(({ mostInFlight }) => mostInFlight)).toEqual([10, 10, 10, 10])
    const stopped = loop.stop()
    environment.advance(50)
    await stopped
    // The burst that was due at the start was due before the measuring began.
    expect(latencies.count).toBe(990)
    expect(latencies.summary().max).toBeLessThan(1_500)
  })

  test("counts neither what was due before it measures nor what is due after its stop", async () => {
    const { environment, loop, latencies } = rigOf(3, open(1_000, 16))
    loop.start()
    environment.advance(100)
    loop.measure()
    environment.advance(100)
    const stopped = loop.stop()
    environment.advance(100)
    await stopped
    expect(latencies.count).toBe(100)
  })

  test("charges what is never answered, and does not count it as answered", async () => {
    const { environment, connections, loop, latencies } = rigOf(1, open(100, 16))
    loop.start()
    loop.measure()
    environment.advance(500)
    connections[0]!.stalledUntilMs = Infinity
    environment.advance(500)
    const stopped = loop.stop()
    environment.advance(10_000)
    await stopped
    expect(loop.answered).toBeWithin(48, 53)
    // The one that was due at the start was due before the measuring began.
    expect(latencies.count).toBe(100)
    expect(latencies.summary().p90).toBeGreaterThan(5_000_000)
  })
})

describe("a closed loop", () => {
  test("keeps as many requests in flight as its depth", () => {
    const { environment, connections, loop } = rigOf(2, closed(16))
    loop.start()
    for (let ms = 0; ms < 20; ms++) {
      environment.advance(1)
      expect(connections.map(({ inFlight }) => inFlight)).toEqual([16, 16])
    }
    // 16 a millisecond on each connection.
    expect(loop.answered).toBe(2 * 16 * 20)
  })

  test("measures from the write to the answer, also of answers that come in parts", () => {
    const { environment, connections, loop, latencies } = rigOf(1, closed(4))
    connections[0]!.stalledUntilMs = Infinity
    loop.start()
    environment.advance(5)
    connections[0]!.onAnswers(1)
    environment.advance(5)
    connections[0]!.onAnswers(3)
    environment.advance(10)
    connections[0]!.onAnswers(4)
    const { p50, max } = latencies.summary()
    expect([p50, max].map((us) => Math.round(us / 1_000))).toEqual([10, 15])
    expect(latencies.count).toBe(8)
  })

  test("finds out when more is answered than was asked", () => {
    const { connections, loop } = rigOf(1, closed(1))
    loop.start()
    expect(() => connections[0]!.onAnswers(2)).toThrow("more answers")
  })
})
