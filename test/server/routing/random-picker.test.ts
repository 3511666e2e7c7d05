import { describe, expect, test } from "bun:test"
import { Hand } from "../../../server/routing/random-picker.ts"
import { FlushScheduler } from "../../../server/flush-scheduler.ts"
import { VirtualEnvironment } from "../../support/virtual-environment.ts"

const HAND_MAX = 8

class Rig {
  readonly environment = new VirtualEnvironment()
  readonly hand = new Hand(this.environment.random, new FlushScheduler(this.environment))

  draw(live: readonly number[], times: number): number[] {
    return Array.from({ length: times }, () => this.hand.draw(live))
  }

  endRound(): void {
    this.environment.advance(0)
  }
}

function nodes(count: number, first = 0): number[] {
  return Array.from({ length: count }, (_, i) => first + i)
}

/** Over the values from 0 on; about as large as there are values when they are even. */
function chiSquare(drawn: readonly number[], values: number): number {
  const counts = new Float64Array(values)
  for (const value of drawn) counts[value]! += 1
  const expected = drawn.length / values
  return counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)
}

describe("of many nodes", () => {
  test("a round asks a few, however often it draws, and the next round others", () => {
    const rig = new Rig()
    const live = nodes(1_024)
    const rounds = Array.from({ length: 20 }, () => {
      const drawn = new Set(rig.draw(live, 1_000))
      rig.endRound()
      return drawn
    })
    for (const drawn of rounds) expect(drawn.size).toBeWithin(2, HAND_MAX + 1)
    const all = rounds.reduce((union, drawn) => union.union(drawn))
    expect(all.size).toBeGreaterThan(100)
  })

  test.each([1, HAND_MAX, HAND_MAX + 1, 60])("draw %d of a round is uniform", (nth) => {
    const rig = new Rig()
    const live = nodes(64)
    const drawn = Array.from({ length: 12_800 }, () => {
      const last = rig.draw(live, nth).at(-1)!
      rig.endRound()
      return last
    })
    // Exceeded once in some 100,000 seeds.
    expect(chiSquare(drawn, live.length)).toBeLessThan(122)
  })

  test("the nodes of a hand are asked alike", () => {
    const rig = new Rig()
    const live = nodes(1_024)
    const hand = rig.draw(live, HAND_MAX)
    expect(new Set(hand).size).toBe(HAND_MAX)
    const places = rig.draw(live, 8_000).map((nodeId) => hand.indexOf(nodeId))
    expect(places).not.toContain(-1)
    expect(chiSquare(places, HAND_MAX)).toBeLessThan(36)
  })

  test("a node that is gone is not drawn again, in the same round either", () => {
    const rig = new Rig()
    rig.draw(nodes(100), 50)
    for (const nodeId of rig.draw(nodes(100, 100), 50)) expect(nodeId).toBeWithin(100, 200)
  })

  test("an idle hand keeps no timer", () => {
    const rig = new Rig()
    rig.draw(nodes(100), 50)
    expect(rig.environment.timerCount).toBe(1)
    rig.endRound()
    expect(rig.environment.timerCount).toBe(0)
  })
})

test.each([1, 2, HAND_MAX])("of %d nodes all are drawn, in one round", (count) => {
  const rig = new Rig()
  const drawn = rig.draw(nodes(count), count * 1_000)
  expect(chiSquare(drawn, count)).toBeLessThan(36)
  expect(rig.environment.timerCount).toBe(0)
})
