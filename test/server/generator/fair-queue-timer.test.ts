import { describe, expect, test } from "bun:test"
import { FairQueueRig as Rig, ScriptedWaiter } from "../../support/fair-queue-rig.ts"

describe("a request that waits too long", () => {
  test("is refused, with the milliseconds that all that wait would take", () => {
    const rig = new Rig(0, 1_000)
    const waiters = Array.from({ length: 10 }, () => rig.waiter("x", 4_096))
    rig.environment.advance(990)
    expect(waiters.every(({ refusals }) => refusals.length === 0)).toBe(true)
    rig.environment.advance(100)
    for (const { refusals } of waiters) expect(refusals).toEqual([10])
    expect([rig.queue.isBusy, rig.environment.timerCount]).toEqual([false, 0])
  })

  test("takes those behind it in the same pipeline with it", () => {
    const rig = new Rig(0, 1_000)
    const waiter = rig.waiter("x", 1, 500)
    rig.environment.advance(1_100)
    expect([waiter.left, waiter.refusals.length]).toEqual([0, 500])
  })

  test("is measured from when its pipeline fell behind, also when some of it is served", () => {
    const rig = new Rig(1, 1_000)
    const waiter = rig.waiter("x", 1, 5_000)
    rig.environment.advance(1_100)
    expect(waiter.got).toBeWithin(300, 400)
    expect(waiter.left).toBe(0)
  })

  test("is not one that was served, and asks again", () => {
    const rig = new Rig(1, 1_000)
    const waiter = new ScriptedWaiter("x", rig)
    for (let i = 0; i < 1_000; i++) {
      waiter.left = 1
      waiter.wait()
      rig.pass()
    }
    expect([waiter.got, waiter.refusals]).toEqual([1_000, []])
  })
})

describe("the timer", () => {
  test("is set once for many, and set again as long as somebody waits", () => {
    const rig = new Rig(1)
    for (let i = 0; i < 100; i++) rig.waiter("x", 1, 2)
    expect(rig.environment.timerCount).toBe(1)
    let times = 0
    while (rig.environment.timerCount > 0) {
      expect(rig.environment.timerCount).toBe(1)
      rig.pass()
      times += 1
    }
    expect([times, rig.log.length]).toEqual([200, 200])
  })

  test("is set for as long as the generator says when it is set", () => {
    const rig = new Rig(0)
    const { environment, ids } = rig
    ids.waitMs = 5
    rig.waiter("a")
    ids.waitMs = 1
    expect(environment.nextTimerMs).toBe(5)
    environment.advance(5)
    expect(environment.nextTimerMs).toBe(1)
  })
})
