import { describe, expect, test } from "bun:test"
import {
  AHEAD_RESERVE_LOW_MS,
  AHEAD_RESERVE_MS,
  RESERVE_LOW_MS,
  RESERVE_MS,
  Reservation,
  TIME_LIMIT,
  WRITE_PATIENCE_MS,
  reservedUpTo,
} from "../../../server/generator/reservation.ts"
import { MemoryStore } from "../../support/memory-store.ts"
import { VirtualEnvironment } from "../../support/virtual-environment.ts"

const BOUND = 50_000

interface Bench {
  readonly environment: VirtualEnvironment
  readonly store: MemoryStore
  readonly reservation: Reservation
  readonly events: string[]
}

function bench(bound = BOUND): Bench {
  const environment = new VirtualEnvironment()
  const store = new MemoryStore(environment, bound)
  const events: string[] = []
  const reservation = new Reservation(bound, store, environment, {
    failed: (error) => events.push(`failed: ${error.message}`),
    recovered: () => events.push("recovered"),
  })
  return { environment, store, reservation, events }
}

describe("the mark to ask for", () => {
  test("is 3,000 ms past the wall clock", () => {
    expect(reservedUpTo(1_000, 900)).toBe(4_000)
  })

  test("is a little past the node's own time when that is further", () => {
    expect(reservedUpTo(1_000, 3_901)).toBe(3_901 + AHEAD_RESERVE_MS)
  })

  test("is never past the end of the format", () => {
    expect(reservedUpTo(TIME_LIMIT, 0)).toBe(TIME_LIMIT)
    expect(reservedUpTo(0, TIME_LIMIT - 1)).toBe(TIME_LIMIT)
  })
})

describe("a reservation", () => {
  test("is extended when less than 2,000 ms are left past the wall clock", () => {
    const { store, reservation } = bench()
    reservation.ensure(BOUND - RESERVE_LOW_MS, 0)
    expect(store.asked).toEqual([])
    reservation.ensure(BOUND - RESERVE_LOW_MS + 1, 0)
    expect(store.asked).toEqual([BOUND - RESERVE_LOW_MS + 1 + RESERVE_MS])
    expect(reservation.bound).toBe(store.mark)
  })

  test("is extended when little is left past the node's own time", () => {
    const { store, reservation } = bench()
    reservation.ensure(0, BOUND - AHEAD_RESERVE_LOW_MS)
    expect(store.asked).toEqual([])
    reservation.ensure(0, BOUND - AHEAD_RESERVE_LOW_MS + 1)
    expect(store.asked).toEqual([BOUND - AHEAD_RESERVE_LOW_MS + 1 + AHEAD_RESERVE_MS])
  })

  test("has one write under way at a time, and its bound moves when that is done", () => {
    const { environment, store, reservation } = bench()
    store.latency = 40
    reservation.ensure(BOUND, BOUND)
    for (let ms = 0; ms < 40; ms++) {
      expect(reservation.bound).toBe(BOUND)
      environment.advance(1)
      reservation.ensure(BOUND + ms, BOUND + ms)
    }
    expect(store.asked).toEqual([BOUND + RESERVE_MS])
    expect(reservation.bound).toBe(BOUND + RESERVE_MS)
  })

  test("never moves back, whatever the clock does", () => {
    const { reservation } = bench()
    let before = reservation.bound
    for (const wall of [BOUND, 0, -90_000, BOUND * 9, 5, BOUND * 10]) {
      reservation.ensure(wall, 0)
      expect(reservation.bound).toBeGreaterThanOrEqual(before)
      before = reservation.bound
    }
  })

  test("at the end of the format writes no more, and is stuck", () => {
    const { store, reservation } = bench(TIME_LIMIT)
    reservation.ensure(TIME_LIMIT, TIME_LIMIT)
    expect([store.asked, reservation.stuck]).toEqual([[], true])
  })
})

describe("a reservation whose identity is lost", () => {
  test("extends the mark no more, and is stuck for good", () => {
    const { environment, store, reservation } = bench()
    reservation.lose("another process has it")
    for (let ms = 0; ms < 10_000; ms += 250) {
      reservation.ensure(BOUND + ms, BOUND)
      environment.advance(250)
    }
    expect([store.asked, reservation.bound, reservation.stuck]).toEqual([[], BOUND, true])
    expect(reservation.lost).toBe("another process has it")
  })

  test.each([
    ["succeeds", undefined],
    ["fails", new Error("another owner is stored")],
  ])("keeps its bound when the write under way %s, and tells nothing of it", (_, failure) => {
    const { store, reservation, events } = bench()
    store.latency = "hangs"
    reservation.ensure(BOUND, BOUND)
    reservation.lose("another process has it")
    store.failure = failure
    store.settle()
    reservation.ensure(BOUND, BOUND)
    expect([store.asked.length, reservation.bound, reservation.stuck]).toEqual([1, BOUND, true])
    expect(events).toEqual([])
  })

  test("tries no more when writes failed before, and does not recover", () => {
    const { environment, store, reservation, events } = bench()
    store.failure = new Error("read-only")
    reservation.ensure(BOUND, BOUND)
    reservation.lose("another process has it")
    store.failure = undefined
    environment.advance(10_000)
    reservation.ensure(BOUND, BOUND)
    expect([store.asked.length, reservation.bound]).toEqual([1, BOUND])
    expect(events).toEqual(["failed: read-only"])
  })
})

describe("a reservation is stuck", () => {
  test("while a write takes longer than its patience", () => {
    const { environment, store, reservation, events } = bench()
    store.latency = "hangs"
    reservation.ensure(BOUND, BOUND)
    environment.advance(WRITE_PATIENCE_MS)
    expect(reservation.stuck).toBe(false)
    environment.advance(0.5)
    expect(reservation.stuck).toBe(true)
    store.settle()
    expect([reservation.stuck, events]).toEqual([false, []])
  })

  test("from a write that fails to the next that succeeds", () => {
    const { environment, store, reservation, events } = bench()
    store.failure = new Error("read-only")
    reservation.ensure(BOUND, BOUND)
    expect([reservation.stuck, reservation.bound]).toEqual([true, BOUND])
    environment.advance(500)
    reservation.ensure(BOUND, BOUND)
    expect(store.asked.length).toBe(2)
    store.failure = undefined
    environment.advance(499)
    reservation.ensure(BOUND, BOUND)
    expect(reservation.stuck).toBe(true)
    environment.advance(1)
    reservation.ensure(BOUND, BOUND)
    expect([reservation.stuck, reservation.bound]).toEqual([false, BOUND + RESERVE_MS])
    expect(events).toEqual(["failed: read-only", "recovered"])
  })
})
