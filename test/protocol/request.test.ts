import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import {
  encodeRequest,
  NO_FAULT,
  REQUEST_SIZE,
  requestCount,
  requestFault,
  requestFlags,
  requestOp,
  requestTarget,
} from "../../protocol/index.ts"

interface Rule {
  readonly countMin: number
  readonly countMax: number
  readonly targetMax: number
}

/** The oracle: the tables of the README, written out once more in plain numbers. */
const RULES: Readonly<Record<number, Rule>> = {
  1: { countMin: 1, countMax: 4096, targetMax: 0 },
  2: { countMin: 1, countMax: 4096, targetMax: 0xffff_ffff },
  3: { countMin: 1, countMax: 4096, targetMax: 0 },
  4: { countMin: 1, countMax: 4096, targetMax: 0xffff_ffff },
  5: { countMin: 0, countMax: 0, targetMax: 0 },
  6: { countMin: 0, countMax: 0, targetMax: 0 },
  7: { countMin: 0, countMax: 0, targetMax: 0 },
}
const FLAGS_ALLOWED: readonly number[] = [0, 1]

function naiveFault(op: number, flags: number, count: number, target: number): number {
  const rule = RULES[op]
  if (rule === undefined) return 0
  if (!FLAGS_ALLOWED.includes(flags)) return 1
  if (count < rule.countMin || count > rule.countMax) return 2
  return target > rule.targetMax ? 4 : -1
}

const COUNTS = [0, 1, 2, 255, 256, 4095, 4096, 4097, 0x8000, 0xffff]
const TARGETS = [0, 1, 1023, 1024, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]

const bytes = fc.integer({ min: 0, max: 0xff })
const counts = fc.integer({ min: 0, max: 0xffff })
const targets = fc.integer({ min: 0, max: 0xffff_ffff })

describe("the fault of a request", () => {
  test("is the one of the table for every op with all flags", () => {
    const wrong: number[][] = []
    for (let op = 0; op < 256; op += 1) {
      for (let flags = 0; flags < 256; flags += 1) {
        for (const count of COUNTS) {
          for (const target of TARGETS) {
            const fault = requestFault(op, flags, count, target)
            if (fault !== naiveFault(op, flags, count, target)) {
              wrong.push([op, flags, count, target, fault])
            }
          }
        }
      }
    }
    expect(wrong).toEqual([])
  })

  test("is the one of the table for any count and target", () => {
    const ops = fc.integer({ min: 1, max: 7 })
    fc.assert(
      fc.property(ops, counts, targets, (op, count, target) => {
        expect(requestFault(op, 0, count, target)).toBe(naiveFault(op, 0, count, target))
      }),
      { numRuns: 1000 },
    )
  })

  test("is none for a NODE target that no node can have", () => {
    expect(requestFault(0x02, 0, 1, 1024)).toBe(NO_FAULT)
    expect(requestFault(0x02, 0, 1, 0xffff_ffff)).toBe(NO_FAULT)
  })
})

test("a request reads back as it was written, wherever it lies, and touches only its 8 bytes", () => {
  const offsets = fc.nat(20)
  fc.assert(
    fc.property(offsets, bytes, bytes, counts, targets, (offset, op, flags, count, target) => {
      const buffer = new Uint8Array(offset + REQUEST_SIZE + 1).fill(0xa5)
      encodeRequest(buffer, offset, op, flags, count, target)
      expect(requestOp(buffer, offset)).toBe(op)
      expect(requestFlags(buffer, offset)).toBe(flags)
      expect(requestCount(buffer, offset)).toBe(count)
      expect(requestTarget(buffer, offset)).toBe(target)
      const around = [...buffer.subarray(0, offset), ...buffer.subarray(offset + REQUEST_SIZE)]
      expect(around.every((byte) => byte === 0xa5)).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test("a request is big-endian, as a DataView reads it", () => {
  fc.assert(
    fc.property(bytes, bytes, counts, targets, (op, flags, count, target) => {
      const buffer = new Uint8Array(REQUEST_SIZE)
      encodeRequest(buffer, 0, op, flags, count, target)
      const view = new DataView(buffer.buffer)
      expect([view.getUint8(0), view.getUint8(1)]).toEqual([op, flags])
      expect([view.getUint16(2), view.getUint32(4)]).toEqual([count, target])
    }),
    { numRuns: 500 },
  )
})
