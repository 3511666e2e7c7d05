import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { Outbound } from "../../../server/net/outbound.ts"

/** A sink that accepts what its script says, and everything at its end. */
class ScriptedSink {
  readonly got: number[] = []
  readonly asked: number[] = []
  readonly #script: number[]

  constructor(...script: number[]) {
    this.#script = script
  }

  write(bytes: Uint8Array, offset: number, length: number): number {
    this.asked.push(length)
    const accepted = Math.min(this.#script.shift() ?? length, length)
    this.got.push(...bytes.subarray(offset, offset + Math.max(0, accepted)))
    return accepted
  }
}

function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i)
}

describe("a write", () => {
  test("that is accepted whole leaves nothing behind", () => {
    const sink = new ScriptedSink()
    const outbound = new Outbound(sink)
    outbound.write(counting(30), 27)
    expect([sink.got.length, outbound.blocked]).toEqual([27, false])
    outbound.drain()
    expect(sink.asked).toEqual([27])
  })

  test("that is cut inside a frame goes on there when drained", () => {
    const sink = new ScriptedSink(13, 4)
    const outbound = new Outbound(sink)
    outbound.write(counting(27), 27)
    expect([sink.got.length, outbound.blocked]).toEqual([13, true])
    outbound.drain()
    expect([sink.got.length, outbound.blocked]).toEqual([17, true])
    outbound.drain()
    expect(sink.got).toEqual([...counting(27)])
    expect([sink.asked, outbound.blocked]).toEqual([[27, 14, 10], false])
  })

  test("of which nothing is accepted is kept whole", () => {
    const sink = new ScriptedSink(0, 0)
    const outbound = new Outbound(sink)
    outbound.write(counting(9), 9)
    outbound.drain()
    expect([sink.got, outbound.blocked]).toEqual([[], true])
    outbound.drain()
    expect([sink.got, outbound.blocked]).toEqual([[...counting(9)], false])
  })

  test("to a closed socket is dropped, at once or when drained", () => {
    const atOnce = new Outbound(new ScriptedSink(-1))
    atOnce.write(counting(9), 9)
    expect(atOnce.blocked).toBe(false)
    const sink = new ScriptedSink(4, -1)
    const later = new Outbound(sink)
    later.write(counting(9), 9)
    later.drain()
    expect([sink.got.length, later.blocked]).toEqual([4, false])
  })

  test("while another one is not out yet is a mistake that shows", () => {
    const outbound = new Outbound(new ScriptedSink(1))
    outbound.write(counting(9), 9)
    expect(() => outbound.write(counting(9), 9)).toThrow("blocked")
  })
})

test("whatever parts are accepted, every byte leaves once and in order", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 12 })
  const parts = fc.array(fc.nat(20), { maxLength: 60 })
  fc.assert(
    fc.property(sizes, parts, (writes, accepted) => {
      const sink = new ScriptedSink(...accepted)
      const outbound = new Outbound(sink)
      const expected: number[] = []
      const scratch = new Uint8Array(64)
      for (const [i, size] of writes.entries()) {
        scratch.fill(i)
        expected.push(...scratch.subarray(0, size))
        outbound.write(scratch, size)
        // The buffer is used again at once, so the tail must not lie in it.
        scratch.fill(0xff)
        while (outbound.blocked) outbound.drain()
      }
      expect(sink.got).toEqual(expected)
    }),
    { numRuns: 300, includeErrorInReport: true },
  )
})
