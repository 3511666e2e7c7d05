import { describe, expect, test } from "bun:test"
import { Histogram } from "../../../server/metrics/histogram.ts"
import { AnswerTimes } from "../../../server/peers/answer-times.ts"

const MAX_MS = 500

describe("a peer is late", () => {
  test("at the most that there is, until it has answered", () => {
    expect(new AnswerTimes(MAX_MS, new Histogram([])).patienceMs).toBe(MAX_MS)
  })

  test("after four times as long as usual, and never before 250 ms", () => {
    const times = new AnswerTimes(MAX_MS, new Histogram([]))
    times.expect(1)
    expect([times.patienceMs, times.took(250), times.took(1)]).toEqual([250, true, true])
    const slow = new AnswerTimes(MAX_MS, new Histogram([]))
    slow.expect(80)
    expect([slow.patienceMs, slow.took(320)]).toEqual([320, true])
    const slowest = new AnswerTimes(MAX_MS, new Histogram([]))
    slowest.expect(400)
    expect([slowest.patienceMs, slowest.took(500), slowest.took(501)]).toEqual([500, true, false])
  })

  test("later each time that it was missed, up to the most, until it answers in time", () => {
    const times = new AnswerTimes(MAX_MS, new Histogram([]))
    times.expect(1)
    const seen = Array.from({ length: 6 }, () => {
      times.missed()
      return times.patienceMs
    })
    expect(seen).toEqual([500, 500, 500, 500, 500, 500])
    expect(times.took(2)).toBe(true)
    expect(times.patienceMs).toBe(250)
  })

  test("later behind others that it has not answered yet, by 0.25 ms each", () => {
    const times = new AnswerTimes(MAX_MS, new Histogram([]))
    times.expect(1)
    expect([0, 10, 1_000, 65_536].map((behind) => times.patienceBehindMs(behind))).toEqual([
      250,
      252.5,
      MAX_MS,
      MAX_MS,
    ])
  })

  test("later when it has got slower, which is learnt sooner than that it has got faster", () => {
    const times = new AnswerTimes(10_000, new Histogram([]))
    times.expect(1)
    let rises = 0
    for (; times.patienceMs < 400; rises++) times.took(120)
    let falls = 0
    for (; times.patienceMs > 260; falls++) times.took(1)
    expect([rises, falls]).toEqual([3, 4])
  })
})
