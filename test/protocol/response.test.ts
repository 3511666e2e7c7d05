import { expect, test } from "bun:test"
import fc from "fast-check"
import {
  encodeResponse,
  RESPONSE_SIZE,
  responseHigh,
  responseLow,
  responseStatus,
  responseValue,
} from "../../protocol/index.ts"

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff })

test("a response reads back as it was written, wherever it lies, and touches only its 9 bytes", () => {
  const statuses = fc.integer({ min: 0, max: 0xff })
  fc.assert(
    fc.property(fc.nat(20), statuses, uint32, uint32, (offset, status, high, low) => {
      const buffer = new Uint8Array(offset + RESPONSE_SIZE + 1).fill(0xa5)
      const view = new DataView(buffer.buffer)
      encodeResponse(view, offset, status, high, low)
      expect(responseStatus(view, offset)).toBe(status)
      expect(responseHigh(view, offset)).toBe(high)
      expect(responseLow(view, offset)).toBe(low)
      expect(responseValue(view, offset)).toBe(BigInt(high) * 2n ** 32n + BigInt(low))
      const around = [...buffer.subarray(0, offset), ...buffer.subarray(offset + RESPONSE_SIZE)]
      expect(around.every((byte) => byte === 0xa5)).toBe(true)
    }),
    { numRuns: 500 },
  )
})
