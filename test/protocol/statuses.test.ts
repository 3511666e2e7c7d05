import { expect, test } from "bun:test"
import { isStatus, Status, STATUSES, type StatusName } from "../../protocol/index.ts"

const RETRYABLE = ["NODE_DOWN", "TIMEOUT", "OVERLOADED", "CLOCK_BEHIND", "NOT_READY"]

const names = Object.keys(Status) as StatusName[]

test("the table of statuses has one row for every code, at its index", () => {
  expect(STATUSES.map((row) => row.name)).toEqual(names)
  expect(names.map((name) => Status[name])).toEqual(STATUSES.map((_, code) => code) as Status[])
})

test("exactly the statuses that another node may cure are retryable", () => {
  const retryable = STATUSES.filter((row) => row.retryable).map((row) => row.name)
  expect(retryable).toEqual(RETRYABLE as StatusName[])
})

test("a status is a code of the table, and no other byte or number is one", () => {
  const bytes = Array.from({ length: 256 }, (_, code) => code)
  expect(bytes.filter(isStatus)).toEqual(Object.values(Status))
  expect([-1, 0.5, 8.5, 256, NaN, Infinity, -Infinity].filter(isStatus)).toEqual([])
})
