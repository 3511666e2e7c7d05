import { describe, expect, test } from "bun:test"
import { FirnError, Status, STATUSES, type StatusName } from "../../protocol/index.ts"

const RETRYABLE = ["NODE_DOWN", "TIMEOUT", "OVERLOADED", "CLOCK_BEHIND", "NOT_READY"]

const names = Object.keys(Status) as StatusName[]
const failures = names.filter((name) => name !== "OK")

test("the table of statuses has one row for every code, at its index", () => {
  expect(STATUSES.map((row) => row.name)).toEqual(names)
  expect(names.map((name) => Status[name])).toEqual(STATUSES.map((_, code) => code) as Status[])
})

test("exactly the statuses that another node may cure are retryable", () => {
  const retryable = STATUSES.filter((row) => row.retryable).map((row) => row.name)
  expect(retryable).toEqual(RETRYABLE as StatusName[])
})

describe("an error made from a status", () => {
  test.each(failures)("%s carries its code, its detail and whether to retry", (name) => {
    const error = FirnError.fromStatus(Status[name], 2n ** 64n - 1n)
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe("FirnError")
    expect(error.code).toBe(name)
    expect(error.detail).toBe(2n ** 64n - 1n)
    expect(error.retryable).toBe(RETRYABLE.includes(name))
    expect(error.message).toStartWith(`${name}: `)
    expect(error.message).toContain("18446744073709551615")
  })

  test.each([9, 10, 127, 128, 255, -1, 0.5, Number.NaN])("%d throws a RangeError", (status) => {
    const call = (): FirnError => FirnError.fromStatus(status, 0n)
    expect(call).toThrow(RangeError)
    expect(call).toThrow(`status ${status} is not one of 0..8`)
  })
})

test("an error keeps the cause it was given", () => {
  const cause = new Error("the connection was lost")
  expect(new FirnError("NODE_DOWN", 3n, { cause }).cause).toBe(cause)
})
