import { expect, test } from "bun:test"
import { InputError, parseTarget } from "../../protocol/index.ts"

test.each([
  ["random", { random: true }],
  ["0", { node: 0 }],
  ["node:0", { node: 0 }],
  ["1023", { node: 1_023 }],
  ["node:999999999", { node: 999_999_999 }],
  ["key:user:42", { key: "user:42" }],
  ["key:7", { key: "7" }],
  ["key: ", { key: " " }],
  ["key:日本", { key: "日本" }],
])("%s is read", (text, target) => {
  expect(parseTarget(text)).toEqual(target as never)
})

test.each([
  "",
  "Random",
  "RANDOM",
  "-1",
  "01",
  "1.5",
  "node:",
  "node:01",
  "node:x",
  "key:",
  "key",
  "1000000000",
  "7 ",
])("%j is refused with what there is", (text) => {
  expect(() => parseTarget(text)).toThrow(InputError)
  expect(() => parseTarget(text)).toThrow(
    `"${text}" is no target: it is random, a node id such as 7 or node:7, or key:TEXT`,
  )
})
