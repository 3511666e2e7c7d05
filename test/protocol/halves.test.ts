import { expect, test } from "bun:test"
import fc from "fast-check"
import { halvesToNumber, highHalf, lowHalf } from "../../protocol/index.ts"

const EDGES = [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 48, Number.MAX_SAFE_INTEGER]
const values = fc.oneof(fc.maxSafeNat(), fc.constantFrom(...EDGES))

test("the halves of a number are those of the same bigint, and make it up again", () => {
  fc.assert(
    fc.property(values, (value) => {
      const [high, low] = [highHalf(value), lowHalf(value)]
      expect([BigInt(high), BigInt(low)]).toEqual([
        BigInt(value) / 4_294_967_296n,
        BigInt(value) % 4_294_967_296n,
      ])
      expect(halvesToNumber(high, low)).toBe(value)
    }),
    { numRuns: 1_000 },
  )
})
