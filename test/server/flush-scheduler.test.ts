import { describe, expect, test } from "bun:test"
import { FlushScheduler } from "../../server/flush-scheduler.ts"
import type { Flushable } from "../../server/flush-scheduler.ts"
import { VirtualEnvironment } from "../support/virtual-environment.ts"

const TURNS_PER_BATCH = 4

function task(run: () => void): Flushable {
  return { flush: run }
}

/** An event loop whose turns end when a test says so. */
class Turns {
  readonly environment = new VirtualEnvironment()
  readonly waiting: (() => void)[] = []

  constructor() {
    this.environment.soon = (run) => void this.waiting.push(run)
  }

  end(times: number): void {
    for (let i = 0; i < times; i++) for (const run of this.waiting.splice(0)) run()
  }
}

describe("at the end of a batch", () => {
  test("everything that was scheduled in its turns runs once, in order", () => {
    const turns = new Turns()
    const flushScheduler = new FlushScheduler(turns.environment)
    const ran: number[] = []
    for (let turn = 0; turn < TURNS_PER_BATCH; turn++) {
      for (const i of [0, 1]) flushScheduler.schedule(task(() => ran.push(turn * 2 + i)))
      expect([ran, turns.waiting.length]).toEqual([[], 1])
      turns.end(1)
    }
    expect([ran, turns.waiting.length]).toEqual([[0, 1, 2, 3, 4, 5, 6, 7], 0])
  })

  test("what is scheduled then waits for the end of the next batch", () => {
    const turns = new Turns()
    const flushScheduler = new FlushScheduler(turns.environment)
    const ran: number[] = []
    const chain = (n: number): Flushable =>
      task(() => {
        ran.push(n)
        if (n % 3 < 2) flushScheduler.schedule(chain(n + 1))
      })
    for (const first of [0, 3]) flushScheduler.schedule(chain(first))
    for (const expected of [
      [0, 3],
      [0, 3, 1, 4],
      [0, 3, 1, 4, 2, 5],
    ]) {
      turns.end(TURNS_PER_BATCH)
      expect(ran).toEqual(expected)
    }
    expect(turns.waiting).toEqual([])
  })

  test("the same task may be scheduled batch after batch", () => {
    const environment = new VirtualEnvironment()
    const flushScheduler = new FlushScheduler(environment)
    let runs = 0
    const again = task(() => {
      if (++runs < 1_000) flushScheduler.schedule(again)
    })
    flushScheduler.schedule(again)
    environment.advance(0)
    expect([runs, environment.timerCount]).toEqual([1_000, 0])
  })

  test("an idle event loop is not kept awake", () => {
    const turns = new Turns()
    const flushScheduler = new FlushScheduler(turns.environment)
    flushScheduler.schedule(task(() => {}))
    turns.end(TURNS_PER_BATCH)
    expect(turns.waiting).toEqual([])
  })
})
