import { describe, expect, test } from "bun:test"
import { DEFAULT_EPOCH_MS } from "../../../protocol/index.ts"
import {
  CHECK_EVERY_MS,
  LEAP_MIN_MS,
  STAND_MS,
  TrustedClock,
} from "../../../server/generator/trusted-clock.ts"
import { SOME_TIME, VirtualEnvironment } from "../../support/virtual-environment.ts"

const LEAD_MS = 10_000
const DAY_MS = 86_400_000
const TICK_MS = 250

const NOBODY = { agreeing: 0, contradicting: 0 }
const MOST_AGREE = { agreeing: 2, contradicting: 1 }
const MOST_CONTRADICT = { agreeing: 1, contradicting: 2 }
const HALF = { agreeing: 1, contradicting: 1 }

/** A clock that has been read and believed, on a clock that shows `SOME_TIME`. */
class Bench {
  readonly environment = new VirtualEnvironment()
  readonly clock: TrustedClock

  constructor(past = SOME_TIME, leadMs = LEAD_MS, votes = NOBODY) {
    this.clock = new TrustedClock(this.environment, leadMs, DEFAULT_EPOCH_MS + past)
    this.clock.read()
    this.clock.judge(votes, 0)
  }

  /** The believed time. */
  get time(): number {
    return this.clock.read() - DEFAULT_EPOCH_MS
  }

  /** How far the wall clock is ahead of the believed one. */
  get heldBackMs(): number {
    return this.environment.time - this.time
  }

  /** Lets time pass, with looks at the clock on the way. */
  pass(ms: number, votes = NOBODY): void {
    for (let left = ms; left > 0; left -= TICK_MS) {
      this.environment.advance(Math.min(TICK_MS, left))
      this.clock.read()
      this.clock.judge(votes)
    }
  }
}

describe("a wall clock is believed at once", () => {
  test("as it goes forward, however long nobody looks", () => {
    const bench = new Bench()
    for (const ms of [0, 1, 7, 99, 100, 101, 5_000, 30 * DAY_MS]) {
      bench.environment.advance(ms)
      expect(bench.heldBackMs).toBe(0)
    }
  })

  test("when it steps back, and when it returns", () => {
    const bench = new Bench()
    for (const ms of [1, 5_000, DAY_MS]) {
      bench.environment.stepWall(-ms)
      expect(bench.heldBackMs).toBe(0)
      bench.environment.advance(3_600_000)
      expect(bench.heldBackMs).toBe(0)
      bench.environment.stepWall(ms)
      expect(bench.heldBackMs).toBe(0)
    }
  })

  test("when it steps ahead by the limit, and not by a millisecond more", () => {
    const bench = new Bench()
    bench.environment.stepWall(LEAD_MS)
    expect(bench.heldBackMs).toBe(0)
    bench.environment.stepWall(LEAD_MS + 1)
    expect(bench.heldBackMs).toBe(LEAD_MS + 1)
  })

  test("when it steps ahead by a second, though no lead is permitted", () => {
    const bench = new Bench(SOME_TIME, 0)
    expect(bench.clock.limitMs).toBe(LEAP_MIN_MS)
    bench.environment.stepWall(LEAP_MIN_MS)
    expect(bench.heldBackMs).toBe(0)
  })

  test("up to where it has been before this process began", () => {
    const bench = new Bench(SOME_TIME + DAY_MS)
    bench.environment.advance(60_000)
    bench.environment.stepWall(DAY_MS + LEAD_MS)
    expect(bench.heldBackMs).toBe(0)
    bench.environment.stepWall(LEAD_MS + 1)
    expect(bench.heldBackMs).toBe(LEAD_MS + 1)
  })

  test("when it drifts, fast or slow", () => {
    const bench = new Bench()
    for (const driftMs of [TICK_MS, -TICK_MS / 2]) {
      for (let i = 0; i < 400; i++) {
        bench.pass(TICK_MS)
        bench.environment.stepWall(driftMs)
        expect(bench.heldBackMs).toBe(0)
      }
    }
  })
})

describe("a wall clock that leaps ahead", () => {
  test("is not believed: the time goes on at the pace of the monotonic clock", () => {
    const bench = new Bench()
    bench.environment.advance(50)
    const before = bench.time
    bench.environment.stepWall(DAY_MS)
    for (let ms = 0; ms < 4_000; ms += 250) {
      expect(bench.time).toBe(before + ms)
      expect(bench.clock.doubt).toMatchObject({ aheadMs: DAY_MS, isContradicted: false })
      bench.pass(250)
    }
    expect(bench.clock.wallMs - DEFAULT_EPOCH_MS).toBe(bench.environment.time)
  })

  test("and is back is believed at once, and the next leap is as new", () => {
    const bench = new Bench()
    for (let leap = 0; leap < 5; leap++) {
      bench.environment.stepWall(DAY_MS)
      bench.pass(STAND_MS - TICK_MS)
      expect(bench.heldBackMs).toBe(DAY_MS)
      bench.environment.stepWall(-DAY_MS)
      expect([bench.heldBackMs, bench.clock.doubt]).toEqual([0, undefined])
      bench.pass(1_000)
    }
  })

  test("is believed when it has stood for 5 s and nobody has a say", () => {
    const bench = new Bench()
    bench.environment.stepWall(DAY_MS)
    bench.clock.read()
    bench.pass(STAND_MS - TICK_MS)
    expect(bench.heldBackMs).toBe(DAY_MS)
    bench.pass(TICK_MS)
    expect([bench.heldBackMs, bench.clock.doubt]).toEqual([0, undefined])
    // It may go back to where it was, and come again.
    bench.environment.stepWall(-DAY_MS)
    bench.environment.stepWall(DAY_MS)
    expect(bench.heldBackMs).toBe(0)
  })

  test("has to stand still, but for a drift", () => {
    const bench = new Bench()
    bench.environment.stepWall(DAY_MS)
    for (let i = 0; i < 100; i++) {
      bench.environment.stepWall(i % 2 === 0 ? 1_001 : -1_001)
      bench.pass(TICK_MS)
      expect(bench.clock.doubt).toBeDefined()
    }
    for (let ms = 0; ms <= STAND_MS; ms += TICK_MS) {
      bench.environment.stepWall(TICK_MS)
      bench.pass(TICK_MS)
    }
    expect(bench.heldBackMs).toBe(0)
  })

  test("is believed as soon as most peers agree", () => {
    const bench = new Bench()
    bench.environment.stepWall(DAY_MS)
    bench.clock.read()
    expect(bench.clock.judge(MOST_AGREE)).toBe(true)
    expect(bench.heldBackMs).toBe(0)
  })

  test("is not believed, however long it stands, when most peers contradict it", () => {
    const bench = new Bench()
    bench.environment.stepWall(DAY_MS)
    bench.clock.read()
    bench.pass(60_000, MOST_CONTRADICT)
    expect(bench.heldBackMs).toBe(DAY_MS)
    expect(bench.clock.doubt).toMatchObject({ isContradicted: true })
    // Nor when they are gone. When it moves on it is another clock.
    bench.pass(60_000)
    expect(bench.heldBackMs).toBe(DAY_MS)
    bench.environment.stepWall(DAY_MS)
    bench.pass(STAND_MS + TICK_MS)
    expect(bench.heldBackMs).toBe(0)
  })

  test("is believed when those that contradicted it agree", () => {
    const bench = new Bench()
    bench.environment.stepWall(DAY_MS)
    bench.clock.read()
    bench.pass(10_000, MOST_CONTRADICT)
    bench.pass(TICK_MS, MOST_AGREE)
    expect(bench.heldBackMs).toBe(0)
  })

  test("has to stand for 5 s when as many peers agree as contradict it", () => {
    const bench = new Bench()
    bench.environment.stepWall(DAY_MS)
    bench.clock.read()
    bench.pass(STAND_MS - TICK_MS, HALF)
    expect(bench.heldBackMs).toBe(DAY_MS)
    bench.pass(TICK_MS, HALF)
    expect(bench.heldBackMs).toBe(0)
  })

  test("goes on from where it was last, also when it had stepped back before", () => {
    const bench = new Bench()
    bench.environment.stepWall(-DAY_MS)
    bench.pass(1_000)
    bench.environment.stepWall(3 * DAY_MS)
    expect(bench.time).toBe(SOME_TIME - DAY_MS + 1_000)
    expect(bench.clock.doubt).toMatchObject({ aheadMs: 3 * DAY_MS })
    bench.environment.stepWall(-2 * DAY_MS)
    expect(bench.time).toBe(SOME_TIME + 1_000)
  })
})

describe("a start", () => {
  test.each([NOBODY, MOST_AGREE, HALF])("believes its clock with these votes: %o", (votes) => {
    const bench = new Bench(0, LEAD_MS, votes)
    expect([bench.clock.isKnown, bench.heldBackMs]).toEqual([true, 0])
  })

  test("with a clock that most contradict has no time to go by", () => {
    const bench = new Bench(0, LEAD_MS, MOST_CONTRADICT)
    bench.pass(60_000)
    expect([bench.clock.isKnown, bench.clock.read()]).toEqual([false, -Infinity])
    bench.pass(TICK_MS, MOST_AGREE)
    expect([bench.clock.isKnown, bench.heldBackMs]).toEqual([true, 0])
  })

  test("believes a contradicted clock when that has been set to where it was before", () => {
    const bench = new Bench(SOME_TIME - DAY_MS, LEAD_MS, MOST_CONTRADICT)
    bench.pass(1_000, MOST_CONTRADICT)
    bench.environment.stepWall(-DAY_MS)
    expect([bench.heldBackMs, bench.clock.isKnown]).toEqual([0, true])
  })

  test("lets a contradicted clock that was moved stand for 5 s", () => {
    const bench = new Bench(0, LEAD_MS, MOST_CONTRADICT)
    bench.environment.stepWall(-SOME_TIME / 2)
    bench.clock.read()
    bench.pass(STAND_MS - TICK_MS)
    expect(bench.clock.isKnown).toBe(false)
    bench.pass(TICK_MS)
    expect([bench.heldBackMs, bench.clock.isKnown]).toEqual([0, true])
  })
})

test("the monotonic clock is read at most once in 100 ms while nothing is in doubt", () => {
  const environment = new VirtualEnvironment()
  let reads = 0
  const counting = Object.create(environment) as VirtualEnvironment
  counting.wallMs = () => environment.wallMs()
  counting.monotonicMs = () => {
    reads += 1
    return environment.monotonicMs()
  }
  const clock = new TrustedClock(counting, LEAD_MS, DEFAULT_EPOCH_MS + SOME_TIME)
  clock.read()
  reads = 0
  for (let ms = 0; ms < 10_000; ms++) {
    environment.advance(1)
    for (let i = 0; i < 10; i++) clock.read()
  }
  expect(reads).toBe(10_000 / CHECK_EVERY_MS)
})
