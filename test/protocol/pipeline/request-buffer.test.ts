import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { Op, REQUEST_SIZE } from "../../../protocol/index.ts"
import { RequestBuffer } from "../../../protocol/pipeline/request-buffer.ts"

interface Fields {
  readonly op: Op
  readonly flags: number
  readonly count: number
  readonly target: number
}

const fields: fc.Arbitrary<Fields> = fc.record({
  op: fc.constantFrom(...Object.values(Op)),
  flags: fc.integer({ min: 0, max: 1 }),
  count: fc.integer({ min: 0, max: 4_096 }),
  target: fc.integer({ min: 0, max: 0xffff_ffff }),
})

/** The bytes of requests one behind the other, as the table of the README has them. */
function naiveBytes(requests: readonly Fields[]): number[] {
  return requests.flatMap(({ op, flags, count, target }) => {
    const view = new DataView(new ArrayBuffer(REQUEST_SIZE))
    view.setUint8(0, op)
    view.setUint8(1, flags)
    view.setUint16(2, count)
    view.setUint32(4, target)
    return [...new Uint8Array(view.buffer)]
  })
}

function held(buffer: RequestBuffer): number[] {
  return [...buffer.bytes.subarray(0, buffer.length)]
}

function append(buffer: RequestBuffer, { op, flags, count, target }: Fields): void {
  buffer.append(op, flags, count, target)
}

describe("unsent requests", () => {
  test("lie one behind the other as they were appended, however often they are cleared", () => {
    const batches = fc.array(fc.array(fields, { maxLength: 200, size: "max" }), { maxLength: 6 })
    fc.assert(
      fc.property(batches, (plan) => {
        const buffer = new RequestBuffer()
        for (const requests of plan) {
          for (const request of requests) append(buffer, request)
          expect(held(buffer)).toEqual(naiveBytes(requests))
          buffer.clear()
          expect(buffer.length).toBe(0)
        }
      }),
      { numRuns: 200 },
    )
  })

  test("are all kept as the buffer grows", () => {
    const buffer = new RequestBuffer()
    const requests = Array.from({ length: 10_000 }, (_, target) => ({
      op: Op.NODE,
      flags: 1,
      count: 1,
      target,
    }))
    for (const [i, request] of requests.entries()) {
      append(buffer, request)
      expect(buffer.length).toBe((i + 1) * REQUEST_SIZE)
    }
    expect(held(buffer)).toEqual(naiveBytes(requests))
  })
})
