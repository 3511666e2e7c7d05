import { expect, test } from "bun:test"
import { SLICES_MAX, TurnScheduler } from "../../../server/transport/turn-scheduler.ts"
import type { Yielding } from "../../../server/transport/turn-scheduler.ts"
import { BATCH_SIZE, WriteBatch } from "../../../server/transport/write-batch.ts"
import { VirtualEnvironment } from "../../support/virtual-environment.ts"

class Rig {
  readonly environment = new VirtualEnvironment()
  readonly batch = new WriteBatch()
  readonly scheduler = new TurnScheduler(this.environment, this.batch)
  /** How much each slice could hold, by turn. */
  readonly slices: number[] = []

  /** Has so many slices' worth of work left. */
  worker(slices: number): Yielding {
    let left = slices
    const worker: Yielding = {
      proceed: () => {
        this.slices.push(this.batch.limit)
        left -= 1
        if (left > 0) this.scheduler.yield(worker)
      },
    }
    this.scheduler.yield(worker)
    return worker
  }
}

test("one that is alone fills a batch in every turn", () => {
  const rig = new Rig()
  expect(rig.batch.limit).toBe(BATCH_SIZE)
  rig.worker(3)
  rig.environment.advance(0)
  expect(rig.slices).toEqual([BATCH_SIZE, BATCH_SIZE, BATCH_SIZE])
  expect([rig.batch.limit, rig.environment.timerCount]).toEqual([BATCH_SIZE, 0])
})

test("many share about one batch, and have the whole again once they are done", () => {
  const rig = new Rig()
  for (let i = 0; i < 20; i++) rig.worker(5)
  rig.environment.advance(0)
  expect(rig.slices.length).toBe(100)
  expect(Math.max(...rig.slices)).toBe(Math.floor(BATCH_SIZE / 20))
  expect(rig.batch.limit).toBe(BATCH_SIZE)
})

test("the more have yielded in a turn, the less the next one gets in the same turn", () => {
  const rig = new Rig()
  const limits = Array.from({ length: 50 }, () => {
    rig.worker(1)
    return rig.batch.limit
  })
  expect(limits).toEqual(limits.toSorted((a, b) => b - a))
  // All of them together: a few batches, not fifty.
  expect(limits.reduce((sum, limit) => sum + limit, 0)).toBeLessThan(5 * BATCH_SIZE)
})

test("a slice is never so small that its write costs more than what it brings", () => {
  const rig = new Rig()
  for (let i = 0; i < 10_000; i++) rig.worker(2)
  rig.environment.advance(0)
  expect(Math.min(...rig.slices)).toBe(2_304)
})

test("of very many some go on in each turn, all of them before any does again", () => {
  const { environment, scheduler } = new Rig()
  const turns: number[][] = []
  const soon = environment.soon.bind(environment)
  environment.soon = (run) => {
    soon(() => {
      turns.push([])
      run()
    })
  }
  const worker = (name: number, slices: number): Yielding => {
    const self: Yielding = {
      proceed() {
        turns.at(-1)!.push(name)
        if (--slices > 0) scheduler.yield(self)
      },
    }
    return self
  }
  const names = Array.from({ length: 3 * SLICES_MAX - 1 }, (_, name) => name)
  for (const name of names) scheduler.yield(worker(name, 2))
  environment.advance(0)
  expect(turns.flat()).toEqual([...names, ...names])
  expect(Math.max(...turns.map(({ length }) => length))).toBe(SLICES_MAX)
  expect(turns.length).toBe(Math.ceil((2 * names.length) / SLICES_MAX))
})

test("all that yielded go on in the next turn, in their order, and none in the same", () => {
  const { environment, scheduler } = new Rig()
  const ran: string[] = []
  const named = (name: string): Yielding => ({ proceed: () => void ran.push(name) })
  scheduler.yield({
    proceed() {
      ran.push("a")
      scheduler.yield(named("later"))
    },
  })
  scheduler.yield(named("b"))
  expect(ran).toEqual([])
  environment.advance(0)
  expect(ran).toEqual(["a", "b", "later"])
})
