import { describe, expect, test } from "bun:test"
import { Database } from "bun:sqlite"
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { StoreError } from "../../../../server/storage/errors.ts"
import { NodeFile, nodeFilePath } from "../../../../server/storage/sqlite/node-file.ts"
import { DataDir, ONE_LINE, STORED } from "../../../support/data-dir.ts"
import { storeErrorOf } from "../../../support/store-errors.ts"
import { TempDir } from "../../../support/temp-dir.ts"
import { seededRandom } from "../../../support/virtual-environment.ts"

/** Thousands of files: seconds, and more on a machine that has other work. */
const SLOW_TEST_MS = 30_000
/** Of the header of a database, which also says who may write it. */
const HEADER_BYTES = 100

describe("a file is refused, and left as it is,", () => {
  test("when it is empty", () => {
    using dir = new DataDir()
    truncateSync(dir.file)
    dir.expectRefused("it is empty")
    expect(readFileSync(dir.file).length).toBe(0)
  })

  test("when it is cut off anywhere", () => {
    using dir = new DataDir()
    const whole = readFileSync(dir.file)
    for (let length = 1; length < whole.length; length += length === 1 ? 511 : 512) {
      writeFileSync(dir.file, whole.subarray(0, length))
      dir.expectRefused()
      expect(readFileSync(dir.file).length).toBe(length)
    }
  })

  test("when it is random bytes", () => {
    using dir = new DataDir()
    const random = seededRandom(3)
    for (const length of [1, 100, 512, 4_096, 8_192, 65_536]) {
      const bytes = Uint8Array.from({ length }, () => random() * 256)
      writeFileSync(dir.file, bytes)
      dir.expectRefused()
      expect(readFileSync(dir.file).equals(bytes)).toBe(true)
    }
  })

  test("when it is a text or zeros", () => {
    using dir = new DataDir()
    writeFileSync(dir.file, "node 5\n")
    dir.expectRefused()
    writeFileSync(dir.file, new Uint8Array(8_192))
    dir.expectRefused()
  })

  test("when it is somebody else's SQLite file", () => {
    using dir = new TempDir()
    new Database(dir.at("other")).run("CREATE TABLE node (node_id INTEGER, mark INTEGER)")
    using target = new DataDir()
    writeFileSync(target.file, readFileSync(dir.at("other")))
    target.expectRefused("its application_id is 0")
  })

  test("when its header is of a format that can be read but not written", () => {
    using dir = new DataDir()
    const bytes = readFileSync(dir.file)
    // The file format write version.
    bytes[18] = 3
    writeFileSync(dir.file, bytes)
    const file = NodeFile.open(dir.path, {})
    const error = storeErrorOf(() => file.writeMark(STORED.mark + 1))
    file.close()
    expect(error.fault).toBe("CORRUPT")
    expect(error.message).toContain("is damaged: its header forbids writing to it")
    expect(readFileSync(dir.file).equals(bytes)).toBe(true)
  })

  test("when a directory is in its place", () => {
    using dir = new TempDir()
    mkdirSync(nodeFilePath(dir.path))
    const error = storeErrorOf(() => NodeFile.open(dir.path, { nodeId: 5 }))
    expect(error.fault).toBe("UNUSABLE")
    expect(error.message).toStartWith(nodeFilePath(dir.path))
    expect(error.message).toContain("It must be a file that this user can read and write")
  })
})

describe("a write that a crash cut in half", () => {
  /** A copy of the file and its journal, taken while a transaction has been written in part. */
  function cutOff(dir: DataDir): DataDir {
    const copy = new DataDir()
    using database = new Database(dir.file)
    database.run("PRAGMA cache_size = 1")
    database.run("BEGIN")
    database.run("UPDATE node SET mark = 999")
    database.run("CREATE TABLE filler (bytes BLOB)")
    for (let i = 0; i < 20; i++) database.run("INSERT INTO filler VALUES (zeroblob(4000))")
    for (const suffix of ["", "-journal"]) copyFileSync(dir.file + suffix, copy.file + suffix)
    database.run("ROLLBACK")
    return copy
  }

  test("is undone", () => {
    using dir = new DataDir()
    using copy = cutOff(dir)
    expect(readFileSync(copy.file).equals(readFileSync(dir.file))).toBe(false)
    expect(copy.open()).toEqual(STORED)
    expect(readdirSync(copy.path)).toEqual(["node.sqlite"])
  })

  test("is refused when its journal got lost", () => {
    using dir = new DataDir()
    using copy = cutOff(dir)
    rmSync(`${copy.file}-journal`)
    copy.expectRefused()
  })
})

test(
  "whatever byte of the file is changed, it is refused or says exactly what it said",
  () => {
    using dir = new DataDir()
    const whole = readFileSync(dir.file)
    const random = seededRandom(20_260_101)
    let refused = 0
    for (const [offset, byte] of whole.entries()) {
      const bit = 1 << Math.floor(random() * 8)
      // Most of a page is unused and 0: there one change is enough.
      for (const change of byte === 0 ? [bit] : [bit, 0xff]) {
        const damaged = Uint8Array.from(whole)
        damaged[offset] = byte ^ change
        writeFileSync(dir.file, damaged)
        const isHeader = offset < HEADER_BYTES
        refused += openOrRefuse(dir, `byte ${offset} ^ ${change}`, isHeader)
      }
    }
    // As many as the bytes of the header, the schema and the row.
    expect(refused).toBeGreaterThan(700)
  },
  SLOW_TEST_MS,
)

/**
 * @param isWritten whether to store a mark as well, which would take too long for every byte
 * @returns 1 when it was refused properly, 0 when all went as if nothing had happened
 */
function openOrRefuse(dir: DataDir, what: string, isWritten: boolean): 0 | 1 {
  try {
    const node = dir.open()
    if (!Bun.deepEquals(node, STORED)) throw new Error(`${what}: ${Bun.inspect(node)}`)
    if (isWritten) expectWritable(dir, what)
    return 0
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    const { fault, message } = error
    const isProper = fault === "CORRUPT" && message.startsWith(dir.file) && ONE_LINE.test(message)
    if (!isProper) throw new Error(`${what}: ${fault} ${message}`, { cause: error })
    return 1
  }
}

function expectWritable(dir: DataDir, what: string): void {
  const file = NodeFile.open(dir.path, {})
  try {
    file.writeMark(STORED.mark + 1)
  } finally {
    file.close()
  }
  const { mark } = dir.open()
  if (mark !== STORED.mark + 1) throw new Error(`${what}: mark ${mark} after one was written`)
}
