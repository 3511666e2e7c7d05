import { describe, expect, test } from "bun:test"
import { Pacer, Resumed } from "../../../server/generator/pacer.ts"
import type { Waiter } from "../../../server/generator/pacer.ts"
import { VirtualNode } from "../../support/virtual-node.ts"
import { VirtualEnvironment } from "../../support/virtual-environment.ts"

const WAIT_MS = 3

/** Every time it is resumed it answers what its script says next, and at its end DONE. */
class ScriptedWaiter implements Waiter {
  readonly #name: string
  readonly #log: string[]
  readonly #script: Resumed[]

  constructor(name: string, log: string[], ...script: Resumed[]) {
    this.#name = name
    this.#log = log
    this.#script = script
  }

  resume(): Resumed {
    this.#log.push(this.#name)
    return this.#script.shift() ?? Resumed.DONE
  }
}

function bench(): { environment: VirtualEnvironment; pacer: Pacer; log: string[] } {
  const environment = new VirtualEnvironment()
  return { environment, pacer: new Pacer(environment, () => WAIT_MS), log: [] }
}

/** Wants blocks of so many ids, as many as it can get, and never leaves. */
class GreedyWaiter implements Waiter {
  got = 0
  readonly #node: VirtualNode
  readonly #count: number
  readonly #blocksMax: number

  constructor(node: VirtualNode, count: number, blocksMax: number) {
    this.#node = node
    this.#count = count
    this.#blocksMax = blocksMax
  }

  resume(): Resumed {
    const before = this.got
    this.#node.begin()
    for (let i = 0; i < this.#blocksMax; i++) {
      const isOut = typeof this.#node.takeOnly(this.#count) === "string"
      if (isOut) return this.got > before ? Resumed.SOME : Resumed.NONE
      this.got += 1
    }
    return Resumed.SOME
  }
}

describe("waiters", () => {
  test("are resumed by a timer, first come first served, and then gone", () => {
    const { environment, pacer, log } = bench()
    for (const name of ["a", "b", "c"]) pacer.wait(new ScriptedWaiter(name, log))
    environment.advance(WAIT_MS - 0.1)
    expect(log).toEqual([])
    environment.advance(0.1)
    expect(log).toEqual(["a", "b", "c"])
    expect(environment.timerCount).toBe(0)
    environment.advance(100)
    expect(log).toEqual(["a", "b", "c"])
  })

  test("keep their place when there was nothing for the first", () => {
    const { environment, pacer, log } = bench()
    pacer.wait(new ScriptedWaiter("a", log, Resumed.NONE, Resumed.NONE))
    pacer.wait(new ScriptedWaiter("b", log))
    environment.advance(WAIT_MS)
    environment.advance(WAIT_MS)
    expect(log).toEqual(["a", "a"])
    environment.advance(WAIT_MS)
    expect(log).toEqual(["a", "a", "a", "b"])
  })

  test("go to the back when they got some, so that a deep one does not starve the others", () => {
    const { environment, pacer, log } = bench()
    pacer.wait(new ScriptedWaiter("deep", log, ...Array<Resumed>(4).fill(Resumed.SOME)))
    pacer.wait(new ScriptedWaiter("b", log, Resumed.SOME))
    pacer.wait(new ScriptedWaiter("c", log))
    for (let i = 0; i < 5; i++) environment.advance(WAIT_MS)
    expect(log).toEqual(["deep", "b", "c", "deep", "b", "deep", "deep"])
  })

  test("are held once, in their first place, however often they ask", () => {
    const { environment, pacer, log } = bench()
    const a = new ScriptedWaiter("a", log)
    pacer.wait(a)
    pacer.wait(new ScriptedWaiter("b", log))
    pacer.wait(a)
    environment.advance(WAIT_MS)
    expect(log).toEqual(["a", "b"])
  })

  test("that leave are not resumed", () => {
    const { environment, pacer, log } = bench()
    const a = new ScriptedWaiter("a", log)
    const b = new ScriptedWaiter("b", log)
    pacer.wait(a)
    pacer.wait(b)
    pacer.leave(a)
    environment.advance(WAIT_MS)
    expect(log).toEqual(["b"])
    pacer.wait(a)
    pacer.leave(a)
    environment.advance(WAIT_MS)
    expect([log, environment.timerCount]).toEqual([["b"], 0])
  })

  test("that make another one leave keep it from being resumed", () => {
    const { environment, pacer, log } = bench()
    const b = new ScriptedWaiter("b", log)
    const resume = (): Resumed => {
      pacer.leave(b)
      return Resumed.DONE
    }
    pacer.wait({ resume })
    pacer.wait(b)
    environment.advance(WAIT_MS)
    expect(log).toEqual([])
  })

  test("that ask again from within their own resumption wait for the next timer", () => {
    const { environment, pacer, log } = bench()
    const again: Waiter = {
      resume(): Resumed {
        log.push("again")
        pacer.wait(again)
        return Resumed.NONE
      },
    }
    pacer.wait(again)
    environment.advance(WAIT_MS)
    expect([log.length, environment.timerCount]).toEqual([1, 1])
    environment.advance(WAIT_MS)
    expect([log.length, environment.timerCount]).toEqual([2, 1])
  })
})

describe("the timer", () => {
  test("is set once for many, and set again as long as somebody waits", () => {
    const { environment, pacer, log } = bench()
    for (let i = 0; i < 100; i++) pacer.wait(new ScriptedWaiter("x", log, Resumed.SOME))
    expect(environment.timerCount).toBe(1)
    let rounds = 0
    while (environment.timerCount > 0) {
      expect(environment.timerCount).toBe(1)
      environment.advance(WAIT_MS)
      rounds += 1
    }
    expect([rounds, log.length]).toEqual([101, 200])
  })

  test("is set for as long as the generator says when it is set", () => {
    const environment = new VirtualEnvironment()
    let waitMs = 5
    const pacer = new Pacer(environment, () => waitMs)
    pacer.wait(new ScriptedWaiter("a", [], Resumed.NONE))
    waitMs = 1
    expect(environment.nextTimerMs).toBe(5)
    environment.advance(5)
    expect(environment.nextTimerMs).toBe(1)
  })
})

describe("under more load than there are ids", () => {
  test("a request for 4,096 gets its turn among small ones, and they get theirs", () => {
    const node = new VirtualNode()
    const pacer = new Pacer(node.environment, () => node.generator.waitMs)
    const small = Array.from({ length: 20 }, () => new GreedyWaiter(node, 1, 50_000))
    const large = new GreedyWaiter(node, 4_096, 50)
    node.takeAll(4_096)
    for (const waiter of [...small, large]) pacer.wait(waiter)
    for (let ms = 0; ms < 420; ms++) node.environment.advance(1)
    // A turn is one millisecond's ids, and everybody has had as many turns, give or take one.
    expect(large.got).toBeWithin(19, 22)
    for (const { got } of small) expect(got / 4_096).toBeWithin(19, 22)
  })
})
