import { describe, expect, test } from "bun:test"
import { ClockWatch } from "../../server/clock-watch.ts"
import { Membership } from "../../server/peers/membership.ts"
import { ClusterServer, entry } from "../support/cluster-server.ts"
import { peerAddress } from "../support/fake-peer.ts"
import { MemoryLog } from "../support/memory-log.ts"
import { SOME_TIME, VirtualEnvironment } from "../support/virtual-environment.ts"
import { NODE_ID, VirtualNode } from "../support/virtual-node.ts"
import { TrustedClock } from "../../server/generator/trusted-clock.ts"
import { DEFAULT_EPOCH_MS } from "../../protocol/index.ts"

const DAY_MS = 86_400_000
const TICK_MS = 250

/** The clock of a node whose peers are fakes, and what watches it. */
class Fixture {
  readonly environment = new VirtualEnvironment()
  readonly server: ClusterServer
  readonly log = new MemoryLog()
  readonly clock: TrustedClock
  readonly membership: Membership
  readonly watch: ClockWatch

  /** @param past the mark, by default that of a node that ran until now */
  constructor(nodeIds: readonly number[], past = SOME_TIME) {
    const { environment } = this
    this.server = new ClusterServer(nodeIds, 1, new VirtualNode({ environment }))
    this.server.peerSet.close()
    this.clock = new TrustedClock(environment, 10_000, DEFAULT_EPOCH_MS + past)
    const entries = [...nodeIds, NODE_ID].map((nodeId) => entry(nodeId))
    this.membership = new Membership(entries, this.server.context, this.log.logger)
    this.watch = new ClockWatch(this.clock, this.membership, environment, this.log.logger)
  }

  /** As a node starts. */
  async start(): Promise<this> {
    const asked = this.membership.refuseDuplicates()
    await this.#settle()
    for (let ms = 0; ms < 1_000; ms += 10) {
      this.environment.advance(10)
      await this.#settle()
    }
    await asked
    this.watch.start()
    return this
  }

  /** Moves this node's clock and, unless they are moved as well, no peer's. */
  step(ms: number): void {
    this.environment.stepWall(ms)
    for (const fake of this.server.fakes.values()) fake.skewMs -= ms
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= TICK_MS) {
      this.environment.advance(TICK_MS)
      await this.#settle()
      this.clock.read()
      this.watch.look()
      await this.#settle()
    }
  }

  /** Whether ids go by the wall clock. */
  get isFollowed(): boolean {
    return this.clock.read() === this.clock.wallMs
  }

  get lines(): string[] {
    return this.log.texts().filter((text) => text.includes(" clock-"))
  }

  async #settle(): Promise<void> {
    for (let i = 0; i < 20; i++) await Promise.resolve()
  }
}

const LEAPT =
  "warn clock-unconfirmed the wall clock has leapt 86400000 ms ahead; " +
  "until it is confirmed, ids go on at the pace of the monotonic clock"

describe("a clock that leaps ahead", () => {
  test("is told to be back, and what the peers are is not asked", async () => {
    const fixture = await new Fixture([]).start()
    fixture.step(DAY_MS)
    await fixture.pass(500)
    fixture.step(-DAY_MS)
    await fixture.pass(500)
    expect(fixture.lines).toEqual([LEAPT, "info clock-back the wall clock is back: ids go by it"])
    expect(fixture.watch.doubt).toBeUndefined()
  })

  test("is confirmed by peers that nobody has used yet, within a second", async () => {
    const fixture = await new Fixture([1, 2, 3]).start()
    fixture.environment.stepWall(DAY_MS)
    await fixture.pass(1_000)
    expect(fixture.isFollowed).toBe(true)
    expect(fixture.lines.at(-1)).toBe(
      "info clock-confirmed the wall clock is confirmed: ids go by it",
    )
  })

  test("is contradicted by most peers for as long as it stands, which is logged every 30 s", async () => {
    const fixture = await new Fixture([1, 2, 3]).start()
    fixture.step(DAY_MS)
    fixture.server.fake(3).skewMs = 0
    await fixture.pass(70_000)
    expect(fixture.isFollowed).toBe(false)
    const doubt =
      "the wall clock is 86400000 ms ahead of those of 2 of 3 nodes; " +
      "ids go on at the pace of the monotonic clock"
    expect(fixture.watch.doubt).toBe(doubt)
    expect(fixture.watch.unready).toBeUndefined()
    const told = fixture.lines.filter((line) => line === `warn clock-unconfirmed ${doubt}`)
    expect(told.length).toBe(3)
    expect(fixture.lines.length).toBe(4)
  })

  test("is followed after 5 s when no peer can be reached", async () => {
    const fixture = await new Fixture([1, 2]).start()
    fixture.server.network.refuse(peerAddress(1))
    fixture.server.network.blackHoles.add(peerAddress(2))
    await fixture.pass(3_000)
    fixture.step(DAY_MS)
    await fixture.pass(5_000)
    expect(fixture.isFollowed).toBe(false)
    await fixture.pass(500)
    expect(fixture.isFollowed).toBe(true)
  })

  test("and strobes is not logged more than once a second", async () => {
    const fixture = await new Fixture([]).start()
    for (let flip = 0; flip < 40; flip++) {
      fixture.step(flip % 2 === 0 ? DAY_MS : -DAY_MS)
      await fixture.pass(TICK_MS)
    }
    const warned = fixture.lines.filter((line) => line.startsWith("warn"))
    expect(warned.length).toBeWithin(5, 11)
  })

  test("has no more than 16 nodes asked at a time", async () => {
    const fixture = await new Fixture(Array.from({ length: 60 }, (_, i) => i + 10)).start()
    for (const fake of fixture.server.fakes.values()) fake.answersChecks = false
    await fixture.pass(3_000)
    fixture.step(DAY_MS)
    await fixture.pass(TICK_MS)
    const asked = [...fixture.server.fakes.keys()].filter(
      (nodeId) => fixture.server.network.wiresTo(peerAddress(nodeId)).length > 0,
    )
    expect(asked.length).toBe(16)
  })
})

describe("a start", () => {
  const AHEAD = "the wall clock is 86400000 ms ahead of those of 2 of 3 nodes"

  test("without peers, or with peers that agree, believes its clock and says nothing", async () => {
    for (const nodeIds of [[], [1, 2]]) {
      const fixture = await new Fixture(nodeIds, 0).start()
      expect([fixture.isFollowed, fixture.clock.isKnown, fixture.lines]).toEqual([true, true, []])
    }
  })

  test("with a clock that most peers contradict says so, and has no time to go by", async () => {
    const fixture = new Fixture([1, 2, 3], 0)
    fixture.step(DAY_MS)
    fixture.server.fake(1).skewMs = 0
    await fixture.start()
    expect([fixture.clock.isKnown, fixture.watch.unready, fixture.watch.doubt]).toEqual([
      false,
      AHEAD,
      AHEAD,
    ])
    await fixture.pass(60_000)
    const line = `warn clock-unconfirmed ${AHEAD}: no ids until it is set right`
    expect(fixture.lines).toEqual([line, line, line])
    fixture.step(-DAY_MS)
    await fixture.pass(1_500)
    expect([fixture.isFollowed, fixture.watch.unready]).toEqual([true, undefined])
    expect(fixture.lines.at(-1)).toStartWith("info clock-confirmed")
  })

  test("with a clock that is behind those of all peers goes by it: it does no lasting harm", async () => {
    const fixture = new Fixture([1, 2, 3], 0)
    fixture.step(-DAY_MS)
    await fixture.start()
    expect(fixture.isFollowed).toBe(true)
  })
})
