import { describe, expect, test } from "bun:test"
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import {
  createMarkRecord,
  readMarkRecord,
  writeMarkRecord,
} from "../../../../server/storage/sqlite/mark-record.ts"
import { storeErrorOf } from "../../../support/store-errors.ts"
import { TempDir } from "../../../support/temp-dir.ts"

const IDENTITY = { nodeId: 5, epochMs: 1_767_225_600_000 }
const NAME = "node.token.mark"
/** From one copy to the next. */
const COPY_BYTES = 4_096

/** A file with the mark 10, and then 20. */
class MarkDir extends TempDir {
  readonly file: string = this.at(NAME)
  readonly before: Buffer
  readonly whole: Buffer

  constructor() {
    super()
    createMarkRecord(this.file, IDENTITY, 10)
    this.before = readFileSync(this.file)
    writeMarkRecord(this.file, IDENTITY, 20)
    this.whole = readFileSync(this.file)
  }

  /** The mark that a start reads from a file of these bytes. */
  markOf(...parts: readonly Uint8Array[]): number | undefined {
    writeFileSync(this.file, Buffer.concat(parts))
    return readMarkRecord(this.file)?.mark
  }
}

describe("the mark of a process", () => {
  test("is read as it was written last, and the file has nothing beside it", () => {
    using dir = new MarkDir()
    expect(readMarkRecord(dir.file)).toEqual({ ...IDENTITY, mark: 20 })
    writeMarkRecord(dir.file, IDENTITY, 7)
    expect(readMarkRecord(dir.file)).toEqual({ ...IDENTITY, mark: 7 })
    expect(readdirSync(dir.path)).toEqual([NAME])
  })

  test("is text, for whoever looks", () => {
    using dir = new MarkDir()
    const text = dir.whole.toString("latin1", 0, COPY_BYTES)
    expect(text).toMatch(/^node 5 epoch 1767225600000 mark 20 sha256 [0-9a-f]{64}\n\0+$/)
  })

  test("is nothing when the file is gone, and is not written anew in its place", () => {
    using dir = new MarkDir()
    rmSync(dir.file)
    expect(readMarkRecord(dir.file)).toBeUndefined()
    expect(() => writeMarkRecord(dir.file, IDENTITY, 30)).toThrow("ENOENT")
  })
})

describe("a write that a power cut ends leaves the mark of before or the new one", () => {
  test.each([0, 1, 20, 512, 4_095])("%i bytes into the first copy", (bytes) => {
    using dir = new MarkDir()
    const { before, whole } = dir
    const mark = dir.markOf(whole.subarray(0, bytes), before.subarray(bytes))
    expect([10, 20]).toContain(mark!)
  })

  test.each([0, 1, 20, 512, 4_095])("%i bytes into the second copy", (bytes) => {
    using dir = new MarkDir()
    const { before, whole } = dir
    const end = COPY_BYTES + bytes
    expect(dir.markOf(whole.subarray(0, end), before.subarray(end))).toBe(20)
  })

  test.each([0, COPY_BYTES])("also when the piece at %i is lost altogether", (at) => {
    using dir = new MarkDir()
    const spoilt = Buffer.from(dir.whole)
    spoilt.fill(0xff, at, at + COPY_BYTES)
    expect(dir.markOf(spoilt)).toBe(20)
  })
})

test("whatever byte is changed, the mark is what it was", () => {
  using dir = new MarkDir()
  for (const [at, byte] of dir.whole.entries()) {
    // Most of the file is zeros, which nobody reads: there a sample is enough.
    if (byte === 0 && at % 100 > 0) continue
    const damaged = Buffer.from(dir.whole)
    damaged[at] = byte ^ 0x11
    expect(dir.markOf(damaged)).toBe(20)
  }
})

test("a file without a copy that can be read is refused, with its path and what to do", () => {
  using dir = new MarkDir()
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(2 * COPY_BYTES), Buffer.from("mark 20\n")]) {
    const error = storeErrorOf(() => dir.markOf(bytes))
    expect(error.fault).toBe("CORRUPT")
    expect(error.message).toStartWith(
      `${dir.file} is damaged: no copy of its mark can be read. Put`,
    )
  }
})
