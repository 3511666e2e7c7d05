import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import {
  composeId,
  decimalText,
  decodeId,
  DEFAULT_EPOCH_MS,
  idHigh,
  idLowBase,
  idNode,
  idRangeForTime,
  idUnixMs,
  NODE_ID_MAX,
  SEQUENCE_MAX,
  SIGNED_TIME_LIMIT,
  TIME_MAX,
} from "../../protocol/index.ts"

const ID_MAX = 2n ** 64n - 1n

const times = fc.maxSafeNat().map((n) => n % (TIME_MAX + 1))
const parts = fc.record({
  time: fc.oneof(times, fc.constantFrom(0, 1023, 1024, SIGNED_TIME_LIMIT, TIME_MAX)),
  node: fc.integer({ min: 0, max: NODE_ID_MAX }),
  sequence: fc.integer({ min: 0, max: SEQUENCE_MAX }),
})
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff })

function naiveText(high: number, low: number): string {
  return String((BigInt(high) << 32n) | BigInt(low))
}

function halvesText(value: bigint): string {
  return decimalText(Number(value >> 32n), Number(value & 0xffff_ffffn))
}

describe("decimal text", () => {
  test("is what BigInt prints, for random halves", () => {
    fc.assert(
      fc.property(uint32, uint32, (high, low) => {
        expect(decimalText(high, low)).toBe(naiveText(high, low))
      }),
      { numRuns: 2000 },
    )
  })

  test("is what BigInt prints, for values of every length", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, ID_MAX), fc.integer({ min: 0, max: 63 }), (value, shift) => {
        expect(halvesText(value >> BigInt(shift))).toBe(String(value >> BigInt(shift)))
      }),
      { numRuns: 2000 },
    )
  })

  test("is what BigInt prints, around every power of 2 and of 10", () => {
    const powers = Array.from({ length: 65 }, (_, n) => [2n ** BigInt(n), 10n ** BigInt(n)]).flat()
    const edges = powers.flatMap((power) => [power - 1n, power, power + 1n])
    for (const value of edges.filter((edge) => edge <= ID_MAX)) {
      expect(halvesText(value)).toBe(String(value))
    }
  })
})

describe("an id", () => {
  test("is time, node and sequence added up, and comes apart into them", () => {
    fc.assert(
      fc.property(parts, (given) => {
        const { time, node, sequence } = given
        const id = composeId(given)
        expect(id).toBe(BigInt(time) * 4194304n + BigInt(node) * 4096n + BigInt(sequence))
        expect(decodeId(id)).toEqual(given)
        expect(decodeId(String(id))).toEqual(given)
      }),
    )
  })

  test("is any 64 bits", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, ID_MAX), (id) => {
        expect(composeId(decodeId(id))).toBe(id)
        expect(composeId(decodeId(String(id)))).toBe(id)
      }),
    )
  })

  test("has the halves that the hot path makes", () => {
    fc.assert(
      fc.property(parts, (given) => {
        const low = idLowBase(given.time, given.node) + given.sequence
        expect(low).toBeLessThan(2 ** 32)
        expect((BigInt(idHigh(given.time)) << 32n) | BigInt(low)).toBe(composeId(given))
        expect(idNode(low)).toBe(given.node)
      }),
    )
  })

  test("is a positive signed integer exactly below the signed limit", () => {
    const last = { time: SIGNED_TIME_LIMIT - 1, node: NODE_ID_MAX, sequence: SEQUENCE_MAX }
    expect(composeId(last)).toBe(2n ** 63n - 1n)
    expect(composeId({ time: SIGNED_TIME_LIMIT, node: 0, sequence: 0 })).toBe(2n ** 63n)
  })

  test("has the end dates of the README with the default epoch", () => {
    const date = (time: number): string => new Date(idUnixMs(time)).toISOString()
    expect(date(0)).toBe("2026-01-01T00:00:00.000Z")
    expect(date(SIGNED_TIME_LIMIT)).toBe("2095-09-07T15:47:35.552Z")
    expect(date(TIME_MAX + 1)).toBe("2165-05-15T07:35:11.104Z")
  })
})

test("the range of a span holds all its ids and no other", () => {
  const epochs = fc.constantFrom(0, DEFAULT_EPOCH_MS, 1_577_836_800_000)
  fc.assert(
    fc.property(epochs, parts, parts, (epochMs, one, other) => {
      const fromMs = epochMs + Math.min(one.time, other.time)
      const toMs = epochMs + Math.max(one.time, other.time)
      const { first, last } = idRangeForTime(fromMs, toMs, epochMs)
      const unixMs = (id: bigint): number => idUnixMs(decodeId(id).time, epochMs)
      expect([unixMs(first), unixMs(last)]).toEqual([fromMs, toMs])
      for (const given of [one, other]) {
        expect(composeId(given)).toBeGreaterThanOrEqual(first)
        expect(composeId(given)).toBeLessThanOrEqual(last)
      }
      if (first > 0n) expect(unixMs(first - 1n)).toBe(fromMs - 1)
      if (last < ID_MAX) expect(unixMs(last + 1n)).toBe(toMs + 1)
    }),
  )
})

describe("a bad input throws a RangeError that names the value and the range", () => {
  const good = { time: 1, node: 2, sequence: 3 }
  const end = DEFAULT_EPOCH_MS + TIME_MAX

  test.each([
    [{ ...good, time: -1 }, "time -1 is not a whole number from 0 to 4398046511103"],
    [{ ...good, time: 2 ** 42 }, "time 4398046511104 is not"],
    [{ ...good, time: 1.5 }, "time 1.5 is not"],
    [{ ...good, time: Number.NaN }, "time NaN is not"],
    [{ ...good, time: Infinity }, "time Infinity is not"],
    [{ ...good, node: -1 }, "node -1 is not"],
    [{ ...good, node: 1024 }, "node 1024 is not a whole number from 0 to 1023"],
    [{ ...good, sequence: -1 }, "sequence -1 is not"],
    [{ ...good, sequence: 4096 }, "sequence 4096 is not a whole number from 0 to 4095"],
  ])("composing %j", (given, message) => {
    expectRangeError(() => composeId(given), message)
  })

  test.each([-1n, 2n ** 64n])("decoding the bigint %d", (id) => {
    expectRangeError(() => decodeId(id), `${id} is not an id: 0 to 2^64-1`)
  })

  test.each(
    ["", " ", "-1", "+1", "1.5", "1e3", "0x10", "1n", " 1", "1\n", "1_000", "１２", "abc"].concat([
      "18446744073709551616",
      "99999999999999999999",
      "000000000000000000001",
    ]),
  )("decoding the text %j", (text) => {
    const message = `"${text}" is not an id: a whole decimal number from 0 to 2^64-1`
    expectRangeError(() => decodeId(text), message)
  })

  test.each([5, 2 ** 60, NaN, null, undefined, true])("decoding %p, of another type", (id) => {
    const message = `${id} (${typeof id}) is not an id: a bigint or decimal text`
    expectRangeError(() => decodeId(id as unknown as bigint), message)
  })

  test("decoding a long text, of which the beginning is shown", () => {
    expectRangeError(() => decodeId("7".repeat(1_000_000)), `"${"7".repeat(40)}…" is not an id`)
  })

  test.each([
    [DEFAULT_EPOCH_MS - 1, end, "fromMs 1767225599999 is not a whole number from 1767225600000"],
    [DEFAULT_EPOCH_MS, end + 1, "toMs 6165272111104 is not a whole number from 1767225600000"],
    [DEFAULT_EPOCH_MS, DEFAULT_EPOCH_MS + 0.5, "toMs 1767225600000.5 is not"],
    [Number.NaN, end, "fromMs NaN is not"],
    [end, DEFAULT_EPOCH_MS, `from ${end} is after to ${DEFAULT_EPOCH_MS}`],
  ])("the range from %d to %d", (fromMs, toMs, message) => {
    expectRangeError(() => idRangeForTime(fromMs, toMs), message)
  })
})

function expectRangeError(call: () => unknown, message: string): void {
  expect(call).toThrow(RangeError)
  expect(call).toThrow(message)
}
