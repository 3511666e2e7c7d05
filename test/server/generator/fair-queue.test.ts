import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { QUANTUM } from "../../../server/generator/fair-queue.ts"
import { Flow } from "../../../server/generator/flow.ts"
import type { Waiter } from "../../../server/generator/flow.ts"
import { FairQueueRig as Rig, ScriptedWaiter, WAIT_MS } from "../../support/fair-queue-rig.ts"

describe("those that wait", () => {
  test("are resumed by a timer, first come first served, and then gone", () => {
    const rig = new Rig()
    const { environment, log } = rig
    for (const name of ["a", "b", "c"]) rig.waiter(name)
    environment.advance(WAIT_MS - 0.1)
    expect(log).toEqual([])
    environment.advance(0.1)
    expect(log).toEqual(["a", "b", "c"])
    expect(environment.timerCount).toBe(0)
    rig.pass(30)
    expect(log).toEqual(["a", "b", "c"])
  })

  test("keep their place while there is not enough for the first", () => {
    const rig = new Rig(0)
    rig.waiter("a", 5)
    rig.waiter("b", 5)
    rig.pass(3)
    expect([rig.log, rig.environment.timerCount]).toEqual([[], 1])
    rig.ids.begin = () => void (rig.ids.left = 6)
    rig.pass()
    expect(rig.log).toEqual(["a"])
  })

  test("and want less than the one before them get what it cannot use", () => {
    const rig = new Rig(150)
    rig.waiter("block", 200)
    const behind = new ScriptedWaiter("behind", rig, 10, 100)
    behind.flow.tag = 1_000
    behind.wait()
    rig.pass()
    expect(rig.log).toEqual(Array(15).fill("behind"))
  })

  test("are held once, in their first place, however often they ask", () => {
    const rig = new Rig()
    const a = rig.waiter("a")
    rig.waiter("b")
    a.wait()
    rig.pass()
    expect(rig.log).toEqual(["a", "b"])
  })

  test("and leave are not resumed, wherever they stand", () => {
    for (const leaving of [0, 1, 2, 3, 4]) {
      const rig = new Rig()
      const waiters = Array.from("abcde", (name) => rig.waiter(name))
      rig.queue.leave(waiters[leaving]!.flow)
      rig.queue.leave(waiters[leaving]!.flow)
      rig.pass()
      expect(rig.log.toSorted().join("")).toBe("abcde".replace("abcde"[leaving]!, ""))
      expect(rig.environment.timerCount).toBe(0)
    }
  })

  test("and make another one leave keep it from being resumed", () => {
    const rig = new Rig()
    const b = new ScriptedWaiter("b", rig)
    const first: Waiter = { wanted: 1, resume: () => rig.queue.leave(b.flow), giveUp: () => {} }
    rig.queue.wait(new Flow(first))
    b.wait()
    rig.pass()
    expect(rig.log).toEqual([])
  })

  test("go on being served when one of them throws", () => {
    const rig = new Rig()
    const broken: Waiter = {
      wanted: 1,
      resume() {
        throw new Error("broken")
      },
      giveUp: () => {},
    }
    rig.queue.wait(new Flow(broken))
    rig.waiter("b")
    expect(() => rig.pass()).toThrow("broken")
    rig.pass()
    expect(rig.log).toEqual(["b"])
  })
})

describe("ids are shared by ids", () => {
  test("among deep pipelines of singles: a quantum each, then the next", () => {
    const rig = new Rig(4 * QUANTUM)
    const waiters = ["a", "b", "c", "d"].map((name) => rig.waiter(name, 1, 100_000))
    rig.pass(20)
    for (const { got } of waiters) expect(got).toBeWithin(18 * QUANTUM, 22 * QUANTUM + 1)
  })

  test("between blocks and singles: as many ids each, not as many turns", () => {
    const rig = new Rig(4_096)
    const block = rig.waiter("block", 4_096, 100_000)
    const single = rig.waiter("single", 1, 10_000_000)
    rig.pass(200)
    expect(block.got * 4_096).toBeWithin(90 * 4_096, 110 * 4_096)
    expect(single.got).toBeWithin(90 * 4_096, 110 * 4_096)
  })

  test("and one that asks for little is next whenever it asks, however many ask for more", () => {
    const rig = new Rig(4_096)
    for (let i = 0; i < 500; i++) rig.waiter("block", 4_096, 1_000)
    rig.pass(50)
    for (let i = 0; i < 50; i++) {
      const modest = rig.waiter("modest")
      rig.pass()
      expect(modest.got).toBe(1)
    }
  })

  test("so that a flow that had more than its share while others waited stands behind them", () => {
    const rig = new Rig(1_000)
    const greedy = rig.waiter("greedy", 1_000, 10)
    rig.waiter("other", 1_000, 10)
    rig.pass()
    expect(rig.queue.allowance(greedy.flow)).toBeLessThan(1_000)
    const modest = new ScriptedWaiter("modest", rig)
    expect(rig.queue.allowance(modest.flow)).toBeGreaterThanOrEqual(1)
    modest.wait()
    rig.pass(2)
    expect(rig.log.slice(0, 2)).toEqual(["greedy", "modest"])
  })

  test("and nobody is held to what was shared before all had what they asked for", () => {
    const rig = new Rig(1_000)
    const greedy = rig.waiter("greedy", 1_000, 5)
    rig.pass(10)
    expect([greedy.left, rig.queue.isBusy]).toEqual([0, false])
    expect(rig.queue.allowance(greedy.flow)).toBe(Infinity)
    greedy.left = 1
    greedy.wait()
    rig.waiter("other", 1_000)
    rig.pass(2)
    expect(rig.log.slice(-2)).toEqual(["greedy", "other"])
  })

  test("whatever they ask for: nobody gets less than a third of an equal share", () => {
    const wishes = fc.array(fc.constantFrom(1, 2, 10, 100, 1_000, 4_096), {
      minLength: 2,
      maxLength: 12,
    })
    fc.assert(
      fc.property(wishes, (wanted) => {
        const rig = new Rig(4_096)
        const waiters = wanted.map((count, i) => rig.waiter(`${i}`, count, 1_000_000))
        rig.pass(400)
        const shares = waiters.map(({ got, wanted: count }) => got * count)
        const all = shares.reduce((sum, share) => sum + share, 0)
        expect(Math.min(...shares)).toBeGreaterThan(all / wanted.length / 3)
        // What no block fits into may be lost, no more.
        expect(all).toBeGreaterThan(400 * 2_048)
      }),
      { numRuns: 50 },
    )
  })
})
