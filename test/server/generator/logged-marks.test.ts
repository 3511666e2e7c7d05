import { expect, test } from "bun:test"
import { logMarks } from "../../../server/generator/logged-marks.ts"
import type { MarkStore } from "../../../server/generator/reservation.ts"
import { MemoryLog } from "../../support/memory-log.ts"
import { VirtualEnvironment } from "../../support/virtual-environment.ts"

const environment = new VirtualEnvironment()

/** A store whose writes take 7 ms and come to this. */
function storeOf(error?: Error): MarkStore {
  return { extend: (_, done) => void environment.after(7, () => done(error)) }
}

test("each mark that is written is told at the level debug, with how long it took", () => {
  const log = new MemoryLog("debug")
  const fault = new Error("disk full")
  const heard: unknown[] = []
  for (const error of [undefined, fault]) {
    logMarks(storeOf(error), environment, log.logger).extend(5, (told) => heard.push(told))
    environment.advance(7)
  }
  expect(heard).toEqual([undefined, fault])
  expect(log.texts(20)).toEqual([
    "debug mark-written the mark is stored",
    "debug mark-written the mark could not be stored",
  ])
  expect(log.lines[1]).toMatchObject({ mark: 5, tookMs: 7, err: { message: "disk full" } })
})

test("at other levels the store stays as it is", () => {
  const store = storeOf()
  expect(logMarks(store, environment, new MemoryLog().logger)).toBe(store)
})
