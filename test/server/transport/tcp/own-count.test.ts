import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { REQUEST_SIZE, encodeRequest } from "../../../../protocol/index.ts"
import { ownCount } from "../../../../server/transport/tcp/own-count.ts"

const NODE_ID = 7
const COUNTS = [0, 1, 2, 255, 256, 4095, 4096, 4097, 0xffff]
const TARGETS = [0, 1, NODE_ID, NODE_ID + 1, 1023, 1024, 0x0700_0000, 0xffff_ffff]

/** The oracle: what the tables of the protocol's README say, in plain numbers. */
function naiveCount(op: number, flags: number, count: number, target: number): number {
  const isLocal = op === 1 && flags === 0 && target === 0
  const isThisNode = op === 2 && (flags === 0 || flags === 1) && target === NODE_ID
  return (isLocal || isThisNode) && count >= 1 && count <= 4096 ? count : 0
}

function countOf(op: number, flags: number, count: number, target: number, offset = 0): number {
  const bytes = new Uint8Array(offset + REQUEST_SIZE).fill(0xa5)
  encodeRequest(bytes, offset, op, flags, count, target)
  return ownCount(bytes, offset, NODE_ID)
}

describe("the count of a request for this node's own ids", () => {
  test("is the one of the table for every op with all flags", () => {
    const wrong: number[][] = []
    for (let op = 0; op < 256; op++) {
      for (let flags = 0; flags < 256; flags++) {
        for (const target of TARGETS) {
          const count = countOf(op, flags, 3, target)
          if (count !== naiveCount(op, flags, 3, target)) wrong.push([op, flags, target, count])
        }
      }
    }
    expect(wrong).toEqual([])
  })

  test("is the one of the table for every count, wherever the request lies", () => {
    const counts = fc.oneof(fc.constantFrom(...COUNTS), fc.integer({ min: 0, max: 0xffff }))
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 }),
        fc.integer({ min: 0, max: 2 }),
        counts,
        fc.constantFrom(...TARGETS),
        fc.nat(20),
        (op, flags, count, target, offset) => {
          const seen = countOf(op, flags, count, target, offset)
          expect(seen).toBe(naiveCount(op, flags, count, target))
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
