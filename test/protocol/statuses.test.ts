import { expect, test } from "bun:test"
import { Status, STATUSES, type StatusName } from "../../protocol/index.ts"

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
