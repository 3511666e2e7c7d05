import { describe, expect, test } from "bun:test"
import {
  composeId,
  decimalText,
  decodeId,
  encodeRequest,
  encodeResponse,
  idRangeForTime,
  keyHash,
  NO_FAULT,
  Op,
  REQUEST_SIZE,
  requestCount,
  requestFault,
  requestFlags,
  requestOp,
  requestTarget,
  RESPONSE_SIZE,
  responseHigh,
  responseLow,
  responseStatus,
  responseValue,
  Status,
  type StatusName,
} from "../../protocol/index.ts"
import vectors from "../../protocol/vectors.json"

const README = new URL("../../protocol/README.md", import.meta.url)

/** Frames are written and read at an odd offset between guard bytes, to catch strays. */
const OFFSET = 3
const GUARD = 0xa5

function guarded(size: number): Uint8Array {
  return new Uint8Array(OFFSET + size + OFFSET).fill(GUARD)
}

function guardedHex(hex: string): string {
  return "a5".repeat(OFFSET) + hex + "a5".repeat(OFFSET)
}

function opCode(op: string | number): number {
  return typeof op === "number" ? op : Op[op as keyof typeof Op]
}

describe("ids", () => {
  test.each(vectors.ids)("$hex", ({ hex, decimal, time, node, sequence }) => {
    const id = BigInt(`0x${hex}`)
    expect(composeId({ time, node, sequence })).toBe(id)
    expect(decodeId(decimal)).toEqual({ time, node, sequence })
    expect(decodeId(id)).toEqual({ time, node, sequence })
    const high = Number.parseInt(hex.slice(0, 8), 16)
    const low = Number.parseInt(hex.slice(8), 16)
    expect(decimalText(high, low)).toBe(decimal)
  })
})

describe("requests", () => {
  test.each(vectors.requests)("$name", ({ hex, op, flags, count, target, fault }) => {
    const bytes = guarded(REQUEST_SIZE)
    encodeRequest(bytes, OFFSET, opCode(op), flags, count, target)
    expect(bytes.toHex()).toBe(guardedHex(hex))

    const read = Uint8Array.fromHex(guardedHex(hex))
    expect(requestOp(read, OFFSET)).toBe(opCode(op))
    expect(requestFlags(read, OFFSET)).toBe(flags)
    expect(requestCount(read, OFFSET)).toBe(count)
    expect(requestTarget(read, OFFSET)).toBe(target)
    expect(requestFault(opCode(op), flags, count, target)).toBe(fault ?? NO_FAULT)
  })

  test("show every op at least twice and every fault", () => {
    for (const name of Object.keys(Op)) {
      const shown = vectors.requests.filter((row) => row.op === name && row.fault === undefined)
      expect(shown.length, name).toBeGreaterThanOrEqual(2)
    }
    expect(new Set(vectors.requests.map((row) => row.fault))).toEqual(
      new Set([undefined, 0, 1, 2, 4]),
    )
  })

  test("include every frame that the README sends", async () => {
    const sent = [...(await Bun.file(README).text()).matchAll(/printf '((?:\\x[0-9a-f]{2})+)'/g)]
    const frames = sent.flatMap((match) => match[1]!.replaceAll("\\x", "").match(/.{16}/g) ?? [])
    expect(frames.length).toBeGreaterThanOrEqual(8)
    const known = new Set(vectors.requests.map((row) => row.hex))
    expect(frames.filter((hex) => !known.has(hex))).toEqual([])
  })
})

describe("responses", () => {
  test.each(vectors.responses)("$name", ({ hex, status, value }) => {
    const code = Status[status as StatusName]
    const high = Number(BigInt(value) >> 32n)
    const low = Number(BigInt(value) & 0xffff_ffffn)
    const bytes = guarded(RESPONSE_SIZE)
    encodeResponse(new DataView(bytes.buffer), OFFSET, code, high, low)
    expect(bytes.toHex()).toBe(guardedHex(hex))

    const read = new DataView(Uint8Array.fromHex(guardedHex(hex)).buffer)
    expect(responseStatus(read, OFFSET)).toBe(code)
    expect(responseHigh(read, OFFSET)).toBe(high)
    expect(responseLow(read, OFFSET)).toBe(low)
    expect(responseValue(read, OFFSET)).toBe(BigInt(value))
  })

  test("show every status", () => {
    expect(new Set(vectors.responses.map((row) => row.status))).toEqual(
      new Set(Object.keys(Status)),
    )
  })
})

describe("key hashes", () => {
  test.each(vectors.keyHashes)("%j", ({ key, utf8, hash }) => {
    expect(new TextEncoder().encode(key).toHex()).toBe(utf8)
    expect(keyHash(key)).toBe(hash)
  })
})

describe("id ranges", () => {
  test.each(vectors.idRanges)("$fromMs to $toMs", ({ fromMs, toMs, epochMs, first, last }) => {
    const expected = { first: BigInt(first), last: BigInt(last) }
    expect(idRangeForTime(fromMs, toMs, epochMs)).toEqual(expected)
    expect(decodeId(first)).toEqual({ time: fromMs - epochMs, node: 0, sequence: 0 })
    expect(decodeId(last)).toEqual({ time: toMs - epochMs, node: 1023, sequence: 4095 })
  })
})
