import { describe, expect, test } from "bun:test"
import { readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { DirectoryRecords } from "../../../../server/storage/sqlite/directory-records.ts"
import { createMarkRecord } from "../../../../server/storage/sqlite/mark-record.ts"
import { NodeFile } from "../../../../server/storage/sqlite/node-file.ts"
import { storeErrorOf } from "../../../support/store-errors.ts"
import { TempDir } from "../../../support/temp-dir.ts"

const IDENTITY = { nodeId: 5, epochMs: 1_767_225_600_000 }
const TOKEN = "00000000-0000-4000-8000-000000000000"
const MARK_NAME = /^node\.[0-9a-f-]{36}\.mark$/

/** A data directory on which this process plays several at once, on one open `node.sqlite`. */
class SharedDir extends TempDir {
  readonly file: NodeFile = NodeFile.open(this.path, IDENTITY)

  /** The records of one more process. */
  records(): DirectoryRecords {
    return new DirectoryRecords(this.path, this.file)
  }

  /** A process that has stored a mark. */
  owner(mark: number): DirectoryRecords {
    const records = this.records()
    records.claim()
    records.writeMark(mark)
    return records
  }

  get markNames(): string[] {
    return readdirSync(this.path).filter((name) => MARK_NAME.test(name))
  }

  override [Symbol.dispose](): void {
    this.file.close()
    super[Symbol.dispose]()
  }
}

describe("the register", () => {
  test("has the process that claimed last", () => {
    using dir = new SharedDir()
    const older = dir.records()
    older.claim()
    expect(older.otherOwner()).toBeUndefined()
    const newer = dir.records()
    newer.claim()
    expect(newer.otherOwner()).toBeUndefined()
    const who = `process ${process.pid} on ${hostname()} since 20`
    expect(older.otherOwner()).toStartWith(`another process has taken over ${dir.path} (${who}`)
  })

  test("is one line of text, always written over in place", () => {
    using dir = new SharedDir()
    dir.records().claim()
    const line = readFileSync(dir.at("node.owner"), "utf8")
    expect(line).toMatch(/^[0-9a-f-]{36} process \d+ on \S+ since 20\S+Z +\n$/)
    expect(line).toHaveLength(256)
  })

  test.each([
    ["empty", ""],
    ["somebody else's", "to whom it may concern\n"],
    ["half written", TOKEN],
  ])("that is %s is nobody's", (_, text) => {
    using dir = new SharedDir()
    const records = dir.records()
    records.claim()
    writeFileSync(dir.at("node.owner"), text)
    expect(records.otherOwner()).toStartWith("another process has taken over")
  })

  test("that is gone is an error, which names the file", () => {
    using dir = new SharedDir()
    const records = dir.records()
    records.claim()
    rmSync(dir.at("node.owner"))
    const error = storeErrorOf(() => records.otherOwner())
    expect([error.fault, error.message]).toEqual([
      "UNUSABLE",
      expect.stringContaining("node.owner cannot be used: ENOENT"),
    ])
  })
})

describe("the mark that a start begins at", () => {
  test("is that of node.sqlite where there is no other", () => {
    using dir = new SharedDir()
    expect(dir.records().readMark()).toBe(0)
    dir.file.writeMark(30)
    dir.file.close()
    using file = new ClosingFile(dir.path)
    expect(new DirectoryRecords(dir.path, file.file).readMark()).toBe(30)
  })

  test("is the latest of all processes, whatever a late write has left in node.sqlite", () => {
    using dir = new SharedDir()
    dir.owner(50)
    dir.owner(40)
    dir.file.writeMark(20)
    expect(dir.markNames).toHaveLength(2)
    expect(dir.records().readMark()).toBe(50)
  })

  test("is not one of another node, or of another epoch", () => {
    using dir = new SharedDir()
    dir.owner(40)
    createMarkRecord(dir.at(`node.${TOKEN}.mark`), { ...IDENTITY, nodeId: 6 }, 900)
    createMarkRecord(dir.at(`node.${TOKEN.replace("4", "3")}.mark`), { nodeId: 5, epochMs: 0 }, 900)
    expect(dir.records().readMark()).toBe(40)
  })

  test("is not guessed when a file of marks is damaged", () => {
    using dir = new SharedDir()
    dir.owner(40)
    const [name] = dir.markNames
    truncateSync(dir.at(name!), 0)
    const error = storeErrorOf(() => dir.records().readMark())
    expect([error.fault, error.message]).toEqual([
      "CORRUPT",
      expect.stringContaining(`${name} is damaged`),
    ])
  })
})

describe("a mark that is written", () => {
  test("takes the room that the process before has left for it", () => {
    using dir = new SharedDir()
    dir.owner(40).removeOthers()
    const { ino, size } = statSync(dir.at("node.spare"))
    dir.owner(50)
    const latest = dir.markNames.map((name) => statSync(dir.at(name)))
    expect(latest.map((stats) => stats.size)).toEqual([size, size])
    expect(latest.map((stats) => stats.ino)).toContain(ino)
    expect(dir.records().readMark()).toBe(50)
    expect(readdirSync(dir.path)).not.toContain("node.spare")
  })

  test("is in node.sqlite too, and in the same file each time", () => {
    using dir = new SharedDir()
    const owner = dir.owner(40)
    const names = dir.markNames
    owner.writeMark(50)
    expect([names.length, dir.markNames]).toEqual([1, names])
    expect(dir.records().readMark()).toBe(50)
    dir.file.close()
    using reopened = new ClosingFile(dir.path)
    expect(reopened.file.node.mark).toBe(50)
  })
})

test("what was read of others is removed when told, with what a crash has left half made", () => {
  using dir = new SharedDir()
  dir.owner(40)
  writeFileSync(dir.at(`node.${TOKEN}.mark.new`), "half a file")
  writeFileSync(dir.at("node.notes.mark"), "somebody's own")
  const newer = dir.records()
  newer.claim()
  newer.readMark()
  const latest = dir.owner(60)
  newer.removeOthers()
  expect(dir.markNames).toHaveLength(1)
  expect(latest.readMark()).toBe(60)
  dir.file.close()
  const names = readdirSync(dir.path).filter((name) => !MARK_NAME.test(name))
  expect(names.sort()).toEqual(["node.notes.mark", "node.owner", "node.spare", "node.sqlite"])
})

/** The file of a directory, opened once more. */
class ClosingFile implements Disposable {
  readonly file: NodeFile

  constructor(dataDir: string) {
    this.file = NodeFile.open(dataDir, {})
  }

  [Symbol.dispose](): void {
    this.file.close()
  }
}
