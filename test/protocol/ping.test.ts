import { expect, test } from "bun:test"
import fc from "fast-check"
import {
  NODE_ID_MAX,
  halvesToNumber,
  pingHigh,
  pingLow,
  pingNode,
  pingStartNumber,
} from "../../protocol/index.ts"

const START_NUMBER_MAX = 2 ** 48 - 1
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff })
const nodeIds = fc.integer({ min: 0, max: NODE_ID_MAX })
const startNumbers = fc.oneof(
  fc.maxSafeNat().map((n) => n % 2 ** 48),
  fc.constantFrom(0, 1, 2 ** 32 - 1, 2 ** 32, START_NUMBER_MAX),
)

test("the value of PING has the node id above the start number, and comes apart into them", () => {
  fc.assert(
    fc.property(nodeIds, startNumbers, (nodeId, startNumber) => {
      const [high, low] = [pingHigh(nodeId, startNumber), pingLow(startNumber)]
      const value = BigInt(high) * 4_294_967_296n + BigInt(low)
      expect(value).toBe(BigInt(nodeId) * 281_474_976_710_656n + BigInt(startNumber))
      expect([pingNode(high), pingStartNumber(high, low)]).toEqual([nodeId, startNumber])
    }),
    { numRuns: 1_000 },
  )
})

test("the value of PING that the README shows is of node 7", () => {
  const [high, low] = [0x0007_3a91, 0xc05e_77d2]
  expect([pingNode(high), pingStartNumber(high, low)]).toEqual([7, 0x3a91_c05e_77d2])
  expect([pingHigh(7, 0x3a91_c05e_77d2), pingLow(0x3a91_c05e_77d2)]).toEqual([high, low])
})

test("any 64 bits come apart without a part that is too large", () => {
  fc.assert(
    fc.property(uint32, uint32, (high, low) => {
      expect(pingNode(high)).toBeWithin(0, 65_536)
      expect(pingStartNumber(high, low)).toBe(halvesToNumber(high % 65_536, low))
    }),
  )
})
