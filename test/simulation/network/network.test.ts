import { describe, expect, test } from "bun:test"
import type { Address } from "../../../server/net/address.ts"
import { Trace } from "../trace.ts"
import { World } from "../world.ts"
import type { End } from "./end.ts"
import type { Gate } from "./gate.ts"
import { Network } from "./network.ts"

const HERE = 1
const THERE = 2
const ADDRESS: Address = { host: "10.0.0.2", port: 6_000 }
const gate: Gate = { isAlive: true, enter: (run) => run() }

/** One side of a connection: what it was told, and what it has got. */
class Side {
  readonly told: string[] = []
  readonly bytes: number[] = []
  end: End | undefined

  data(chunk: Uint8Array): void {
    this.bytes.push(...chunk)
  }

  drained(): void {
    this.told.push("drained")
  }

  ended(): void {
    this.told.push("ended")
  }

  closed(reason = ""): void {
    this.told.push(`closed ${reason}`.trim())
  }
}

class Fixture {
  readonly world: World
  readonly network: Network
  readonly here: Side = new Side()
  readonly there: Side = new Side()

  constructor(seed = 1) {
    this.world = new World(seed, new Trace())
    this.network = new Network(this.world)
    this.network.addHost(THERE, ADDRESS)
    this.network.road.weather.lateMs = 0
  }

  listen(): this {
    const { there } = this
    this.network.listenFor(THERE, gate, Infinity)(
      ADDRESS,
      {
        opened: (end) => {
          there.end = end as End
          return there
        },
        closed: () => {},
        failed: () => {},
        turnedAway: () => {},
        handshakesFailed: () => {},
        paused: () => {},
        resumed: () => {},
      },
      false,
    )
    return this
  }

  dial(): this {
    const { here } = this
    const dial = this.network.dialFor(HERE, gate, (end) => (here.end = end))
    dial(ADDRESS, {
      opened: () => here.told.push("opened"),
      data: (chunk) => here.data(chunk),
      drained: () => here.drained(),
      closed: (reason) => here.closed(reason),
    })
    return this
  }

  pass(ms: number): void {
    this.world.runUntil(this.world.nowMs + ms)
  }
}

function connected(seed = 1): Fixture {
  const fixture = new Fixture(seed).listen().dial()
  fixture.pass(5)
  expect(fixture.here.told).toEqual(["opened"])
  return fixture
}

/** Writes all of it, as fast as the socket takes it. */
function send(fixture: Fixture, end: End, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    at += end.write(bytes, at, bytes.length - at)
    fixture.pass(1)
  }
}

describe("a stream", () => {
  test("carries every byte both ways, in order, whatever the weather", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const fixture = connected(seed)
      const { random } = fixture.world
      Object.assign(fixture.network.road.weather, {
        delayMs: random.spread(0.05, 50),
        lateMs: 100,
        cutChance: 0.8,
        bufferBytes: random.pick([9, 100, 65_536]),
      })
      const bytes = Uint8Array.from({ length: 300 }, (_, i) => i)
      send(fixture, fixture.here.end!, bytes)
      send(fixture, fixture.there.end!, bytes.toReversed())
      fixture.pass(2_000)
      expect(fixture.there.bytes).toEqual([...bytes])
      expect(fixture.here.bytes).toEqual(Array.from(bytes.toReversed()))
    }
  })

  test("takes no more than its buffer holds, and says when there is room", () => {
    const { here, there, network, ...fixture } = connected()
    network.road.weather.bufferBytes = 10
    there.end!.pause()
    expect(here.end!.write(new Uint8Array(30), 0, 30)).toBe(10)
    expect(here.end!.write(new Uint8Array(30), 0, 30)).toBe(0)
    fixture.world.runUntil(fixture.world.nowMs + 50)
    expect([there.bytes.length, here.told]).toEqual([0, ["opened"]])
    there.end!.resume()
    fixture.world.runUntil(fixture.world.nowMs + 50)
    expect([there.bytes.length, here.told]).toEqual([10, ["opened", "drained"]])
  })

  test("holds back what a cut is in the way of, one way only, until it heals", () => {
    const fixture = connected()
    const { here, there, network } = fixture
    network.road.cut(HERE, THERE)
    here.end!.write(Uint8Array.of(1, 2), 0, 2)
    there.end!.write(Uint8Array.of(3), 0, 1)
    fixture.pass(10_000)
    expect([there.bytes, here.bytes]).toEqual([[], [3]])
    network.road.heal()
    fixture.pass(500)
    expect(there.bytes).toEqual([1, 2])
  })

  test("that is half closed still carries the other way, and closes when both ways are", () => {
    const fixture = connected()
    const { here, there } = fixture
    here.end!.write(Uint8Array.of(1), 0, 1)
    here.end!.shutdown()
    fixture.pass(5)
    expect([there.bytes, there.told]).toEqual([[1], ["ended"]])
    there.end!.write(Uint8Array.of(2), 0, 1)
    there.end!.end()
    fixture.pass(5)
    expect([here.bytes, fixture.network.streams.size]).toEqual([[2], 0])
    expect(here.end!.write(Uint8Array.of(3), 0, 1)).toBe(-1)
  })

  test("whose process ends gives what was written, then closes", () => {
    const fixture = connected()
    fixture.there.end!.write(Uint8Array.of(7), 0, 1)
    fixture.there.end!.abandon()
    fixture.pass(5)
    expect(fixture.here.bytes).toEqual([7])
    expect(fixture.here.told).toContain("closed it closed the connection")
  })

  test("whose machine goes tells nobody, until it is on again and something arrives there", () => {
    const fixture = connected()
    const { here, there, network } = fixture
    there.end!.vanish()
    network.road.setPower(THERE, false)
    here.end!.write(Uint8Array.of(1), 0, 1)
    fixture.pass(60_000)
    expect(here.told).toEqual(["opened"])
    network.road.setPower(THERE, true)
    here.end!.write(Uint8Array.of(1), 0, 1)
    fixture.pass(5)
    expect(here.told).toEqual(["opened", "closed connection reset by peer"])
  })

  test("that is lost loses what is under way, and each end hears of it in its own time", () => {
    const fixture = connected()
    const { here, there } = fixture
    here.end!.write(Uint8Array.of(1), 0, 1)
    for (const stream of fixture.network.streams) stream.lose()
    here.end!.write(Uint8Array.of(2), 0, 1)
    fixture.pass(3_100)
    expect([there.bytes, here.told, there.told]).toEqual([
      [],
      ["opened", "closed connection lost"],
      ["closed"],
    ])
  })
})

describe("dialling", () => {
  test("is refused where nobody listens", () => {
    const fixture = new Fixture().dial()
    fixture.pass(5)
    expect(fixture.here.told).toEqual(["closed nothing listens there"])
  })

  test("waits for a machine that is off, and gives up at last", () => {
    const fixture = new Fixture().listen()
    fixture.network.road.setPower(THERE, false)
    fixture.dial()
    fixture.pass(2_500)
    fixture.network.road.setPower(THERE, true)
    fixture.pass(1_000)
    expect(fixture.here.told).toEqual(["opened"])
    fixture.network.road.setPower(THERE, false)
    fixture.dial()
    fixture.pass(10_000)
    expect(fixture.here.told).toEqual(["opened", "closed timed out"])
  })
})
