import { describe, expect, test } from "bun:test"
import { TurnEnd } from "../../server/turn-end.ts"
import type { TurnTask } from "../../server/turn-end.ts"
import { VirtualRuntime } from "../support/virtual-runtime.ts"

function task(run: () => void): TurnTask {
  return { turnEnded: run }
}

describe("at the end of a turn", () => {
  test("everything that was scheduled in it runs once, in order", () => {
    const runtime = new VirtualRuntime()
    const turnEnd = new TurnEnd(runtime)
    const ran: number[] = []
    for (let i = 0; i < 5; i++) turnEnd.schedule(task(() => ran.push(i)))
    expect([ran, runtime.timerCount]).toEqual([[], 1])
    runtime.advance(0)
    expect([ran, runtime.timerCount]).toEqual([[0, 1, 2, 3, 4], 0])
    runtime.advance(10)
    expect(ran.length).toBe(5)
  })

  test("what is scheduled then waits for the end of the next turn", () => {
    const turns: (() => void)[] = []
    const runtime = new VirtualRuntime()
    runtime.soon = (run) => void turns.push(run)
    const turnEnd = new TurnEnd(runtime)
    const ran: number[] = []
    const chain = (n: number): TurnTask =>
      task(() => {
        ran.push(n)
        if (n % 3 < 2) turnEnd.schedule(chain(n + 1))
      })
    for (const first of [0, 3]) turnEnd.schedule(chain(first))
    for (const expected of [
      [0, 3],
      [0, 3, 1, 4],
      [0, 3, 1, 4, 2, 5],
    ]) {
      expect(turns.length).toBe(1)
      turns.shift()!()
      expect(ran).toEqual(expected)
    }
    expect(turns).toEqual([])
  })

  test("the same task may be scheduled turn after turn", () => {
    const runtime = new VirtualRuntime()
    const turnEnd = new TurnEnd(runtime)
    let runs = 0
    const again = task(() => {
      if (++runs < 1_000) turnEnd.schedule(again)
    })
    turnEnd.schedule(again)
    runtime.advance(0)
    expect([runs, runtime.timerCount]).toEqual([1_000, 0])
  })
})
