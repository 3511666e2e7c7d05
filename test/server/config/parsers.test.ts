import { describe, expect, test } from "bun:test"
import { InputError } from "../../../protocol/index.ts"
import {
  addressOrOff,
  choice,
  parseEpoch,
  possibleTarget,
  wholeNumber,
} from "../../../server/config/parsers.ts"

function refuses(parse: () => unknown, message: string): void {
  expect(parse).toThrow(InputError)
  expect(parse).toThrow(message)
}

describe("a whole number", () => {
  test("is read from the first to the last", () => {
    expect(["3", "07", "9"].map((text) => wholeNumber(text, 3, 9))).toEqual([3, 7, 9])
  })

  test.each(["2", "10", "-3", "3.5", "3e0", "0x3", "", " 3", "3\n", "9".repeat(16)])(
    "is refused with the range: %j",
    (text) => {
      refuses(() => wholeNumber(text, 3, 9), "It takes a whole number from 3 to 9")
    },
  )
})

test("a choice is one of several, exactly", () => {
  expect(choice("on", ["on", "off"])).toBe("on")
  for (const text of ["ON", "", "o", "on "]) {
    refuses(() => choice(text, ["on", "off"]), "Allowed choices are on, off")
  }
})

test("an address can be off", () => {
  expect(addressOrOff("off")).toBe("off")
  expect(addressOrOff("[::1]:80")).toEqual({ host: "::1", port: 80 })
  refuses(() => addressOrOff("on"), '"on" is not HOST:PORT')
})

describe("an epoch", () => {
  test.each([
    ["2026-01-01", Date.UTC(2026, 0, 1)],
    ["2026-01-01T12:30:00.250Z", Date.UTC(2026, 0, 1, 12, 30, 0, 250)],
    ["0", 0],
    ["1767225600000", 1_767_225_600_000],
    ["4398046511103", 2 ** 42 - 1],
  ])("is read: %s", (text, epochMs) => {
    expect(parseEpoch(text)).toBe(epochMs)
  })

  test.each([
    "",
    "soon",
    "-1",
    "2026-1-1",
    "2026-13-01",
    "2026-02-30",
    "2026-04-31",
    "2025-02-29",
    "2026-01-01T24:00:01Z",
    "2026-01-01T12:61:00Z",
    "1969-12-31",
    "4398046511104",
  ])("is refused with examples: %j", (text) => {
    refuses(() => parseEpoch(text), "such as 2026-01-01 or 2026-01-01T00:00:00Z")
  })

  test("in seconds is refused with what was meant", () => {
    const message =
      "It takes milliseconds, and 1767225600 looks like seconds: 1767225600000 is 2026-01-01T00:00:00.000Z"
    refuses(() => parseEpoch("1767225600"), message)
    refuses(() => parseEpoch("1"), "1000 is 1970-01-01T00:00:01.000Z")
  })
})

describe("a target", () => {
  test.each([
    ["random", { random: true }],
    ["0", { node: 0 }],
    ["1023", { node: 1023 }],
    ["key:user:42", { key: "user:42" }],
    ["key:7", { key: "7" }],
    ["node:1023", { node: 1_023 }],
  ])("is read: %s", (text, target) => {
    expect(possibleTarget(text)).toEqual(target as never)
  })

  test("is refused with what it can be", () => {
    refuses(() => possibleTarget("1024"), "A node id goes from 0 to 1023")
    for (const text of ["", "key:", "any", "-1", "007", "RANDOM"]) {
      const is = "it is random, a node id such as 7 or node:7, or key:TEXT"
      refuses(() => possibleTarget(text), `"${text}" is no target: ${is}`)
    }
  })
})
