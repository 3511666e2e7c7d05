import { describe, expect, test } from "bun:test"
import { Pacer } from "../../../server/generator/pacer.ts"
import type { IdSource, Waiter } from "../../../server/generator/pacer.ts"
import { VirtualNode } from "../../support/virtual-node.ts"
import { VirtualEnvironment } from "../../support/virtual-environment.ts"

const WAIT_MS = 3

/** Has the same number of ids to give after each look at the clock. */
class ScriptedIds implements IdSource {
  waitMs = WAIT_MS
  left = 0
  readonly #perBegin: number

  constructor(perBegin: number) {
    this.#perBegin = perBegin
  }

  begin(): void {
    this.left = this.#perBegin
  }

  mustWait(count: number): boolean {
    return count > this.left
  }
}

/** Wants `wanted` ids `times` times; takes what there is and waits for the rest. */
class ScriptedWaiter implements Waiter {
  readonly wanted: number
  readonly #name: string
  readonly #rig: Rig
  #times: number

  constructor(name: string, rig: Rig, wanted = 1, times = 1) {
    this.#name = name
    this.#rig = rig
    this.wanted = wanted
    this.#times = times
  }

  resume(): void {
    const { ids, log, pacer } = this.#rig
    while (this.#times > 0 && !ids.mustWait(this.wanted)) {
      log.push(this.#name)
      ids.left -= this.wanted
      this.#times -= 1
    }
    if (this.#times > 0) pacer.wait(this)
  }
}

class Rig {
  readonly environment = new VirtualEnvironment()
  readonly ids: ScriptedIds
  readonly pacer: Pacer
  readonly log: string[] = []

  constructor(idsAtATime = 1_000) {
    this.ids = new ScriptedIds(idsAtATime)
    this.pacer = new Pacer(this.environment, this.ids)
  }
}

/** Wants as many blocks of `wanted` ids as it can get, and never stops waiting. */
class GreedyWaiter implements Waiter {
  got = 0
  readonly wanted: number
  readonly #node: VirtualNode
  readonly #pacer: Pacer
  readonly #blocksMax: number

  constructor(node: VirtualNode, pacer: Pacer, wanted: number, blocksMax: number) {
    this.#node = node
    this.#pacer = pacer
    this.wanted = wanted
    this.#blocksMax = blocksMax
  }

  resume(): void {
    this.#node.begin()
    for (let i = 0; i < this.#blocksMax; i++) {
      if (typeof this.#node.takeOnly(this.wanted) === "string") break
      this.got += 1
    }
    this.#pacer.wait(this)
  }
}

describe("waiters", () => {
  test("are resumed by a timer, first come first served, and then gone", () => {
    const rig = new Rig()
    const { environment, pacer, log } = rig
    for (const name of ["a", "b", "c"]) pacer.wait(new ScriptedWaiter(name, rig))
    environment.advance(WAIT_MS - 0.1)
    expect(log).toEqual([])
    environment.advance(0.1)
    expect(log).toEqual(["a", "b", "c"])
    expect(environment.timerCount).toBe(0)
    environment.advance(100)
    expect(log).toEqual(["a", "b", "c"])
  })

  test("keep their place while there is not enough for the first, and are not woken for that", () => {
    const rig = new Rig(0)
    const { environment, pacer, ids, log } = rig
    pacer.wait(new ScriptedWaiter("a", rig, 5))
    pacer.wait(new ScriptedWaiter("b", rig))
    for (let i = 0; i < 3; i++) environment.advance(WAIT_MS)
    expect([log, environment.timerCount]).toEqual([[], 1])
    ids.begin = () => void (ids.left = 6)
    environment.advance(WAIT_MS)
    expect(log).toEqual(["a", "b"])
  })

  test("go to the back when they got some, so that a deep one does not starve the others", () => {
    const rig = new Rig(1)
    const { environment, pacer, log } = rig
    pacer.wait(new ScriptedWaiter("deep", rig, 1, 4))
    pacer.wait(new ScriptedWaiter("b", rig, 1, 2))
    pacer.wait(new ScriptedWaiter("c", rig))
    for (let i = 0; i < 7; i++) environment.advance(WAIT_MS)
    expect(log).toEqual(["deep", "b", "c", "deep", "b", "deep", "deep"])
  })

  test("that want less get what the one before them left over", () => {
    const rig = new Rig(5)
    const { environment, pacer, log } = rig
    pacer.wait(new ScriptedWaiter("large", rig, 3, 2))
    pacer.wait(new ScriptedWaiter("small", rig, 1, 2))
    environment.advance(WAIT_MS)
    expect(log).toEqual(["large", "small", "small"])
    environment.advance(WAIT_MS)
    expect(log).toEqual(["large", "small", "small", "large"])
  })

  test("are held once, in their first place, however often they ask", () => {
    const rig = new Rig()
    const { environment, pacer, log } = rig
    const a = new ScriptedWaiter("a", rig)
    pacer.wait(a)
    pacer.wait(new ScriptedWaiter("b", rig))
    pacer.wait(a)
    environment.advance(WAIT_MS)
    expect(log).toEqual(["a", "b"])
  })

  test("that leave are not resumed", () => {
    const rig = new Rig()
    const { environment, pacer, log } = rig
    const a = new ScriptedWaiter("a", rig)
    pacer.wait(a)
    pacer.wait(new ScriptedWaiter("b", rig))
    pacer.leave(a)
    environment.advance(WAIT_MS)
    expect(log).toEqual(["b"])
    pacer.wait(a)
    pacer.leave(a)
    environment.advance(WAIT_MS)
    expect([log, environment.timerCount]).toEqual([["b"], 0])
  })

  test("that make another one leave keep it from being resumed", () => {
    const rig = new Rig()
    const { environment, pacer, log } = rig
    const b = new ScriptedWaiter("b", rig)
    pacer.wait({ wanted: 1, resume: () => pacer.leave(b) })
    pacer.wait(b)
    environment.advance(WAIT_MS)
    expect(log).toEqual([])
  })

  test("that wait again though there are ids are resumed by the next timer, not at once", () => {
    const { environment, pacer, log } = new Rig()
    const again: Waiter = {
      wanted: 1,
      resume(): void {
        log.push("again")
        pacer.wait(again)
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
    const rig = new Rig(1)
    const { environment, pacer, log } = rig
    for (let i = 0; i < 100; i++) pacer.wait(new ScriptedWaiter("x", rig, 1, 2))
    expect(environment.timerCount).toBe(1)
    let rounds = 0
    while (environment.timerCount > 0) {
      expect(environment.timerCount).toBe(1)
      environment.advance(WAIT_MS)
      rounds += 1
    }
    expect([rounds, log.length]).toEqual([200, 200])
  })

  test("is set for as long as the generator says when it is set", () => {
    const rig = new Rig(0)
    const { environment, pacer, ids } = rig
    ids.waitMs = 5
    pacer.wait(new ScriptedWaiter("a", rig))
    ids.waitMs = 1
    expect(environment.nextTimerMs).toBe(5)
    environment.advance(5)
    expect(environment.nextTimerMs).toBe(1)
  })
})

describe("under more load than there are ids", () => {
  test("a request for 4,096 gets its turn among small ones, and they get theirs", () => {
    const node = new VirtualNode()
    const pacer = new Pacer(node.environment, node.generator)
    const small = Array.from({ length: 20 }, () => new GreedyWaiter(node, pacer, 1, 50_000))
    const large = new GreedyWaiter(node, pacer, 4_096, 50)
    node.takeAll(4_096)
    for (const waiter of [...small, large]) pacer.wait(waiter)
    for (let ms = 0; ms < 420; ms++) node.environment.advance(1)
    // A turn is one millisecond's ids, and everybody has had as many turns, give or take one.
    expect(large.got).toBeWithin(19, 22)
    for (const { got } of small) expect(got / 4_096).toBeWithin(19, 22)
  })
})
