import { expect, test } from "bun:test"
import { durationText } from "../../protocol/index.ts"

test.each([
  [0, "0 ms"],
  [7_199_999, "7199999 ms"],
  [7_200_000, "2 hours"],
  [100_000_000, "28 hours"],
  [172_800_000, "2 days"],
  [34_559_989_336, "400 days"],
  [2 ** 42 - 1, "50,903 days"],
])("%d ms are %s", (ms, text) => {
  expect(durationText(ms)).toBe(text)
})
