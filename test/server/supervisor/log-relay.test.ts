import { describe, expect, test } from "bun:test"
import { LOG_LEVELS } from "../../../server/log.ts"
import { LogRelay, nodeLogLevel } from "../../../server/supervisor/log-relay.ts"

const INFO = '{"level":30,"node":1,"event":"listening","msg":"listening"}'
const ERROR = '{"level":50,"node":1,"event":"stop-failed","msg":"disk full"}'

function passed(level: string, ...lines: string[]): string[] {
  const written: string[] = []
  const relay = new LogRelay({ write: (text) => void written.push(text) }, level)
  for (const line of lines) relay.pass(line)
  return written
}

test("a line is passed on as it is, with its ending, in one write", () => {
  expect(passed("info", INFO, ERROR)).toEqual([`${INFO}\n`, `${ERROR}\n`])
})

describe("what is not a log line is passed on all the same:", () => {
  test.each(["Segmentation fault", "", "{", '{"level":"high"}', "null", "30"])("%j", (line) => {
    expect(passed("fatal", line)).toEqual([`${line}\n`])
    expect(passed("silent", line)).toEqual([])
  })
})

test("the event of a line is told, also of one that is not shown", () => {
  const relay = new LogRelay({ write() {} }, "silent")
  const lines = [INFO, '{"level":30}', '{"level":30,"event":7}', "listening"]
  expect(lines.map((line) => relay.pass(line))).toEqual([
    "listening",
    undefined,
    undefined,
    undefined,
  ])
})

test("lines below the level are left out", () => {
  expect(passed("error", INFO, ERROR)).toEqual([`${ERROR}\n`])
  expect(passed("silent", INFO, ERROR)).toEqual([])
})

test("a node logs at least that it listens, whatever is to be shown of it", () => {
  const levels = LOG_LEVELS.map(nodeLogLevel)
  expect(levels).toEqual(["trace", "debug", "info", "info", "info", "info", "info"])
})
