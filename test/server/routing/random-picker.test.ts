import { describe, expect, test } from "bun:test"
import { RandomPicker } from "../../../server/routing/random-picker.ts"
import { FlushScheduler } from "../../../server/flush-scheduler.ts"
import { VirtualEnvironment } from "../../support/virtual-environment.ts"

const NODES_PER_BATCH = 8

class Rig {
  readonly environment = new VirtualEnvironment()
  readonly picker = new RandomPicker(this.environment.random, new FlushScheduler(this.environment))

  pick(live: readonly number[], times: number): number[] {
    return Array.from({ length: times }, () => this.picker.pick(live))
  }

  endBatch(): void {
    this.environment.advance(0)
  }
}

function nodes(count: number, first = 0): number[] {
  return Array.from({ length: count }, (_, i) => first + i)
}

/** Of picks among the values from 0 on: about the number of values when the picks are even. */
function chiSquare(picked: readonly number[], values: number): number {
  const counts = new Float64Array(values)
  for (const value of picked) counts[value]! += 1
  const expected = picked.length / values
  return counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)
}

describe("of many nodes", () => {
  test("a batch asks a few, however often it picks, and the next batch others", () => {
    const rig = new Rig()
    const live = nodes(1_024)
    const batches = Array.from({ length: 20 }, () => {
      const picked = new Set(rig.pick(live, 1_000))
      rig.endBatch()
      return picked
    })
    for (const picked of batches) expect(picked.size).toBeWithin(2, NODES_PER_BATCH + 1)
    const all = batches.reduce((union, picked) => union.union(picked))
    expect(all.size).toBeGreaterThan(100)
  })

  test.each([1, NODES_PER_BATCH, NODES_PER_BATCH + 1, 60])(
    "pick %d of a batch is uniform",
    (nth) => {
      const rig = new Rig()
      const live = nodes(64)
      const picked = Array.from({ length: 12_800 }, () => {
        const last = rig.pick(live, nth).at(-1)!
        rig.endBatch()
        return last
      })
      // Exceeded once in some 100,000 seeds.
      expect(chiSquare(picked, live.length)).toBeLessThan(122)
    },
  )

  test("the nodes of a batch are asked alike", () => {
    const rig = new Rig()
    const live = nodes(1_024)
    const batch = rig.pick(live, NODES_PER_BATCH)
    expect(new Set(batch).size).toBe(NODES_PER_BATCH)
    const places = rig.pick(live, 8_000).map((nodeId) => batch.indexOf(nodeId))
    expect(places).not.toContain(-1)
    expect(chiSquare(places, NODES_PER_BATCH)).toBeLessThan(36)
  })

  test("a node that is gone is not picked again, in the same batch either", () => {
    const rig = new Rig()
    rig.pick(nodes(100), 50)
    for (const nodeId of rig.pick(nodes(100, 100), 50)) expect(nodeId).toBeWithin(100, 200)
  })

  test("an idle picker keeps no timer", () => {
    const rig = new Rig()
    rig.pick(nodes(100), 50)
    expect(rig.environment.timerCount).toBe(1)
    rig.endBatch()
    expect(rig.environment.timerCount).toBe(0)
  })
})

test.each([1, 2, NODES_PER_BATCH])("of %d nodes all are picked, in one batch", (count) => {
  const rig = new Rig()
  const picked = rig.pick(nodes(count), count * 1_000)
  expect(chiSquare(picked, count)).toBeLessThan(36)
  expect(rig.environment.timerCount).toBe(0)
})
