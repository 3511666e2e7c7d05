import { expect, test } from "bun:test"
import fc from "fast-check"
import { VirtualTime } from "./virtual-time.ts"
import type { VirtualEvent } from "./virtual-time.ts"

test("events happen in the order of their moments, and of one moment in that they were set in", () => {
  const time = new VirtualTime()
  const ran: string[] = []
  time.at(5, () => ran.push(`b at ${time.nowMs}`))
  time.at(3, () => {
    ran.push(`a at ${time.nowMs}`)
    time.at(1, () => ran.push(`late at ${time.nowMs}`))
  })
  time.at(5, () => ran.push(`c at ${time.nowMs}`))
  while (time.next !== undefined) time.runNext()
  expect(ran).toEqual(["a at 3", "late at 3", "b at 5", "c at 5"])
})

test("the queue is as a sorted list, whatever is set and cancelled", () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant("at" as const), ms: fc.integer({ min: 0, max: 20 }) }),
      fc.record({ kind: fc.constant("cancel" as const), which: fc.nat() }),
      fc.record({ kind: fc.constant("run" as const) }),
    ),
    { maxLength: 200, size: "max" },
  )
  fc.assert(
    fc.property(steps, (path) => {
      const time = new VirtualTime()
      const ran: number[] = []
      const expected: number[] = []
      const events: VirtualEvent[] = []
      let list: { readonly atMs: number; readonly number: number }[] = []
      for (const step of path) {
        if (step.kind === "at") {
          const number = events.length
          events.push(time.at(step.ms, () => ran.push(number)))
          list.push({ atMs: Math.max(step.ms, time.nowMs), number })
          list.sort((one, other) => one.atMs - other.atMs || one.number - other.number)
        } else if (step.kind === "cancel") {
          const number = step.which % Math.max(1, events.length)
          const event = events[number]
          if (event !== undefined) time.cancel(event)
          list = list.filter((entry) => entry.number !== number)
        } else if (list.length > 0) {
          time.runNext()
          expected.push(list.shift()!.number)
        }
        expect([time.size, time.next?.atMs]).toEqual([list.length, list[0]?.atMs])
      }
      expect(ran).toEqual(expected)
    }),
    { numRuns: 300 },
  )
})
