import { describe, expect, test } from "bun:test"
import type { Call } from "../../client-sdk/call.ts"
import { outcomeOf } from "../support/firn-failure.ts"
import { Prefetching } from "../support/prefetching.ts"

/** Ten ids at hand, from 100 on. */
async function filled(): Promise<Prefetching> {
  const ids = new Prefetching(10, 1_000)
  ids.take()
  await ids.answer(100)
  return ids
}

function takeMany(ids: Prefetching, count: number): (number | undefined)[] {
  return Array.from({ length: count }, () => ids.take())
}

describe("ids fetched ahead", () => {
  test("are asked for when the first is wanted, all in one request", async () => {
    const ids = new Prefetching(10, 1_000)
    expect(ids.asked).toEqual([])
    expect(takeMany(ids, 3)).toEqual([undefined, undefined, undefined])
    expect(ids.asked).toEqual([10])
    await ids.answer(100)
    expect(takeMany(ids, 2)).toEqual([100, 101])
  })

  test("are asked for in requests of 4,096 when they are more", () => {
    const ids = new Prefetching(10_000, 1_000)
    ids.take()
    expect(ids.asked).toEqual([4_096, 4_096, 1_808])
  })

  test("are filled up once half of them are used, and not before", async () => {
    const ids = await filled()
    expect(takeMany(ids, 4)).toEqual([100, 101, 102, 103])
    expect(ids.asked).toEqual([])
    expect(ids.take()).toBe(104)
    expect(ids.asked).toEqual([5])
    expect(takeMany(ids, 2)).toEqual([105, 106])
    expect(ids.asked).toEqual([5])
    await ids.answer(500)
    expect(takeMany(ids, 5)).toEqual([107, 108, 109, 500, 501])
  })

  test("last through a refill that is slow, and are then asked for by those who wait", async () => {
    const ids = await filled()
    expect(takeMany(ids, 11).at(-1)).toBeUndefined()
    // Twice as many from now on, since they were too few.
    expect(ids.asked.reduce((sum, count) => sum + count)).toBe(20)
  })

  test("are thrown away after a sleep of the machine, in which the monotonic clock stands", async () => {
    const ids = await filled()
    expect(ids.take()).toBe(100)
    ids.environment.environment.stepWall(999)
    expect(ids.take()).toBe(101)
    ids.environment.environment.stepWall(1)
    expect(ids.take()).toBeUndefined()
    expect(ids.asked).toEqual([10])
    await ids.answer(200)
    expect(ids.take()).toBe(200)
  })

  test("grow no older by a clock that is set back", async () => {
    const ids = await filled()
    ids.environment.environment.stepWall(-3_600_000)
    await ids.pass(999)
    expect(ids.take()).toBe(100)
    await ids.pass(1)
    expect(ids.take()).toBeUndefined()
  })

  test("are thrown away once they were asked for ttlMs ago", async () => {
    const ids = new Prefetching(10, 1_000)
    ids.take()
    await ids.pass(400)
    await ids.answer(100)
    await ids.pass(599)
    expect(ids.take()).toBe(100)
    await ids.pass(1)
    expect(ids.take()).toBeUndefined()
    expect(ids.asked).toEqual([10])
    await ids.answer(700)
    expect(ids.take()).toBe(700)
  })

  test("are thrown away block by block", async () => {
    const ids = await filled()
    await ids.pass(600)
    takeMany(ids, 6)
    await ids.answer(500)
    await ids.pass(400)
    // 106 to 109 are too old; the others were asked for at 600.
    expect(ids.take()).toBe(500)
    await ids.pass(600)
    expect(ids.take()).toBeUndefined()
  })

  test("are not fetched again while nobody takes any", async () => {
    const ids = await filled()
    await ids.pass(3_600_000)
    expect([ids.asked, ids.environment.timers]).toEqual([[], 0])
  })
})

describe("calls that wait for ids", () => {
  test("are served in their order, before what is left is kept at hand", async () => {
    const ids = new Prefetching(10, 1_000)
    const calls = [ids.wait(), ids.wait(), ids.wait()]
    await ids.answer(100)
    expect(calls.map(outcomeOf)).toEqual([100, 101, 102])
    expect(ids.take()).toBe(103)
  })

  test("have ids asked for on top of those that are to be at hand", async () => {
    const ids = new Prefetching(10, 1_000)
    const calls = Array.from({ length: 25 }, () => ids.wait())
    expect(ids.asked.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(25)
    for (let first = 100; ids.fetches.length > 0; first += 100) await ids.answer(first)
    expect(calls.map(outcomeOf)).not.toContain(undefined)
    expect(new Set(calls.map(outcomeOf)).size).toBe(25)
  })

  test("are served whatever the age of the block, which nobody else is", async () => {
    const ids = new Prefetching(10, 50)
    const call = ids.wait()
    await ids.pass(80)
    await ids.answer(100)
    expect([outcomeOf(call), ids.take()]).toEqual([100, undefined])
  })

  test("time out at their own deadlines, and leave their ids to others", async () => {
    const ids = new Prefetching(10, 1_000)
    const [short, long] = [ids.wait(30), ids.wait(300)]
    await ids.pass(30)
    expect([outcomeOf(short), outcomeOf(long)]).toEqual(["TIMEOUT", undefined])
    await ids.answer(100)
    expect([outcomeOf(long), ids.environment.timers]).toEqual([100, 0])
  })

  test("ask for themselves when their block cannot be had", async () => {
    const ids = new Prefetching(10, 1_000)
    const calls: Call[] = [ids.wait(), ids.wait()]
    await ids.fail()
    expect(ids.dispatched).toEqual(calls)
    expect([ids.asked, ids.environment.timers]).toEqual([[], 0])
    expect(calls.map(({ place }) => place)).toEqual([undefined, undefined])
  })

  test("wait on while another block is on its way", async () => {
    const ids = new Prefetching(8_000, 1_000)
    const call = ids.wait()
    expect(ids.asked.length).toBe(2)
    await ids.fail()
    expect(ids.dispatched).toEqual([])
    await ids.answer(100)
    expect(outcomeOf(call)).toBe(100)
  })

  test("are refused when the client closes, and nothing more is fetched", async () => {
    const ids = new Prefetching(10, 1_000)
    const call = ids.wait()
    ids.close()
    expect([outcomeOf(call), ids.environment.timers]).toEqual(["CLOSED", 0])
    await ids.fail()
    expect([ids.take(), ids.asked, ids.dispatched]).toEqual([undefined, [], []])
  })
})

test("a fetch that fails is made again by the next who wants an id", async () => {
  const ids = new Prefetching(10, 1_000)
  expect(ids.take()).toBeUndefined()
  await ids.fail()
  expect(ids.asked).toEqual([])
  expect(ids.take()).toBeUndefined()
  expect(ids.asked).toEqual([10])
})
