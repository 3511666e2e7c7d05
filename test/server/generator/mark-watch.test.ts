import { expect, test } from "bun:test"
import { MarkWatch } from "../../../server/generator/mark-watch.ts"
import type { MarkStore } from "../../../server/generator/reservation.ts"
import { MemoryLog } from "../../support/memory-log.ts"
import { VirtualEnvironment } from "../../support/virtual-environment.ts"

const environment = new VirtualEnvironment()

/** A store whose writes take 7 ms and come to this. */
function storeOf(error?: Error): MarkStore {
  return { extend: (_, done) => void environment.after(7, () => done(error)) }
}

test("each mark that is written is counted, and told at the level debug, with how long it took", () => {
  const log = new MemoryLog("debug")
  const fault = new Error("disk full")
  const heard: unknown[] = []
  for (const error of [undefined, fault]) {
    const marks = new MarkWatch(storeOf(error), environment, log.logger)
    marks.extend(5, (told) => heard.push(told))
    environment.advance(7)
    expect(marks.failures).toBe(error === undefined ? 0 : 1)
    expect(marks.seconds.counts[marks.seconds.bounds.indexOf(0.01)]).toBe(1)
    expect(marks.seconds.sum).toBeCloseTo(0.007, 9)
  }
  expect(heard).toEqual([undefined, fault])
  expect(log.texts(20)).toEqual([
    "debug mark-written the mark is stored",
    "debug mark-written the mark could not be stored",
  ])
  expect(log.lines[1]).toMatchObject({ mark: 5, tookMs: 7, err: { message: "disk full" } })
})

test("at other levels nothing is told", () => {
  const log = new MemoryLog()
  new MarkWatch(storeOf(), environment, log.logger).extend(5, () => {})
  environment.advance(7)
  expect(log.lines).toEqual([])
})
