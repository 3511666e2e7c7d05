import { describe, expect, test } from "bun:test"
import { Outlier, STRIKES_MAX } from "../../../server/peers/outlier.ts"

/** Strikes one after the other, 10 ms apart, until one ejects. @returns how many it took */
function strikesUntilDue(outlier: Outlier, fromMs: number): number {
  for (let strikes = 1; ; strikes++) {
    const atMs = fromMs + strikes * 10
    if (outlier.strike(atMs - 5, atMs)) return strikes
  }
}

describe("an outlier", () => {
  test("has struck five times in a row", () => {
    expect(strikesUntilDue(new Outlier(), 0)).toBe(STRIKES_MAX)
  })

  test("has not when one answer in between came in time", () => {
    const outlier = new Outlier()
    for (let i = 1; i < STRIKES_MAX; i++) expect(outlier.strike(i * 10, i * 10)).toBe(false)
    outlier.pardon(100)
    expect(strikesUntilDue(outlier, 100)).toBe(STRIKES_MAX)
  })

  test("strikes once for all that was sent before it was found out", () => {
    const outlier = new Outlier()
    for (let i = 0; i < 1_000; i++) expect(outlier.strike(i, 1_000)).toBe(false)
    expect(strikesUntilDue(outlier, 1_000)).toBe(STRIKES_MAX - 1)
  })

  test("is ejected for twice as long each time, and comes back on trial", () => {
    const outlier = new Outlier()
    let nowMs = 0
    strikesUntilDue(outlier, nowMs)
    const times: number[] = []
    for (let i = 0; i < 7; i++) {
      const ejectedMs = outlier.eject(nowMs)
      times.push(ejectedMs)
      expect(outlier.isOver(nowMs + ejectedMs - 1)).toBe(false)
      nowMs += ejectedMs
      expect(outlier.isOver(nowMs)).toBe(true)
      expect(strikesUntilDue(outlier, nowMs)).toBe(1)
    }
    expect(times).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
  })

  test("is back at once when it answers in time, and forgiven after a minute", () => {
    const outlier = new Outlier()
    outlier.eject(0)
    outlier.pardon(500)
    expect(outlier.isOver(500)).toBe(true)
    expect(outlier.eject(60_499)).toBe(4_000)
    expect(outlier.eject(64_499 + 60_000)).toBe(2_000)
  })
})
