import { describe, expect, test } from "bun:test"
import { Database } from "bun:sqlite"
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { DEFAULT_EPOCH_MS } from "../../../../protocol/index.ts"
import { NodeFile, nodeFilePath } from "../../../../server/storage/sqlite/node-file.ts"
import type { StoredNode } from "../../../../server/storage/node-store.ts"
import { storeErrorOf } from "../../../support/store-errors.ts"
import { TempDir } from "../../../support/temp-dir.ts"

const IDENTITY = { nodeId: 5, epochMs: 1_700_000_000_000 }

/** Opens, reads and closes. */
function peek(dataDir: string): StoredNode {
  const file = NodeFile.open(dataDir, {})
  file.close()
  return file.node
}

describe("a new data directory", () => {
  test("is made with the node id given, the default epoch and mark 0", () => {
    using dir = new TempDir()
    const dataDir = dir.at("deep", "below")
    const file = NodeFile.open(dataDir, { nodeId: 1_023 })
    expect(file.node).toEqual({ nodeId: 1_023, epochMs: DEFAULT_EPOCH_MS, mark: 0 })
    file.close()
    expect(readdirSync(dataDir)).toEqual(["node.sqlite"])
  })

  test("keeps the epoch it was made with", () => {
    using dir = new TempDir()
    NodeFile.open(dir.path, IDENTITY).close()
    expect(peek(dir.path)).toEqual({ ...IDENTITY, mark: 0 })
  })

  test("without a node id is refused, with how to give one, and nothing is made", () => {
    using dir = new TempDir()
    const dataDir = dir.at("node")
    const error = storeErrorOf(() => NodeFile.open(dataDir, { epochMs: 0 }))
    expect(error.fault).toBe("NO_NODE_ID")
    expect(error.message).toContain(nodeFilePath(dataDir))
    expect(error.message).toContain("--node-id (0 to 1023)")
    expect(readdirSync(dir.path)).toEqual([])
  })

  test("below a file is refused with its path", () => {
    using dir = new TempDir()
    writeFileSync(dir.at("file"), "")
    const error = storeErrorOf(() => NodeFile.open(dir.at("file", "node"), { nodeId: 1 }))
    expect(error.fault).toBe("UNUSABLE")
    expect(error.message).toStartWith(nodeFilePath(dir.at("file", "node")))
  })
})

describe("creating", () => {
  test("says whether it has, and never overwrites", () => {
    using dir = new TempDir()
    expect(NodeFile.create(dir.path, IDENTITY)).toBe(true)
    const before = readFileSync(nodeFilePath(dir.path))
    expect(NodeFile.create(dir.path, { nodeId: 9, epochMs: 0 })).toBe(false)
    expect(readFileSync(nodeFilePath(dir.path)).equals(before)).toBe(true)
  })

  test("never overwrites what is no node's file either", () => {
    using dir = new TempDir()
    writeFileSync(nodeFilePath(dir.path), "")
    expect(NodeFile.create(dir.path, IDENTITY)).toBe(false)
    expect(readFileSync(nodeFilePath(dir.path)).length).toBe(0)
  })

  test("is not hindered by drafts that crashes left, this process's id among theirs", () => {
    using dir = new TempDir()
    const draft = `${nodeFilePath(dir.path)}.${process.pid}.new`
    writeFileSync(draft, "half a file")
    writeFileSync(`${draft}-journal`, "half a journal")
    writeFileSync(`${nodeFilePath(dir.path)}.1.new`, "of another process")
    expect(NodeFile.create(dir.path, IDENTITY)).toBe(true)
    expect(peek(dir.path)).toEqual({ ...IDENTITY, mark: 0 })
  })
})

describe("a mark", () => {
  test("is there after every re-opening, and only the last one", () => {
    using dir = new TempDir()
    NodeFile.create(dir.path, IDENTITY)
    for (const mark of [1, 5_000, 2 ** 31, 2 ** 41, 2 ** 42, 7]) {
      const file = NodeFile.open(dir.path, IDENTITY)
      file.writeMark(mark - 1)
      file.writeMark(mark)
      file.close()
      expect(peek(dir.path)).toEqual({ ...IDENTITY, mark })
    }
  })

  test("can be told from the file with SQLite's own tools", () => {
    using dir = new TempDir()
    const file = NodeFile.open(dir.path, IDENTITY)
    file.writeMark(123_456)
    file.close()
    using database = new Database(nodeFilePath(dir.path), { readonly: true })
    const row = database.query("SELECT * FROM node").get()
    expect(row).toMatchObject({ node_id: 5, epoch_ms: 1_700_000_000_000, mark: 123_456 })
    expect(row).toMatchObject({ schema_version: 1, created_at: expect.stringMatching(/^20.*Z$/) })
  })
})

describe("another identity than the stored one is refused with both values and the file", () => {
  test("when it is the node id", () => {
    using dir = new TempDir()
    NodeFile.create(dir.path, IDENTITY)
    const error = storeErrorOf(() => NodeFile.open(dir.path, { nodeId: 6 }))
    expect(error.fault).toBe("MISMATCH")
    expect(error.message).toStartWith(nodeFilePath(dir.path))
    expect(error.message).toContain("node id 5, but --node-id is 6")
    expect(peek(dir.path)).toEqual({ ...IDENTITY, mark: 0 })
  })

  test("when it is the epoch", () => {
    using dir = new TempDir()
    NodeFile.create(dir.path, IDENTITY)
    const wanted = { nodeId: 5, epochMs: 1_700_000_000_001 }
    const error = storeErrorOf(() => NodeFile.open(dir.path, wanted))
    expect(error.fault).toBe("MISMATCH")
    expect(error.message).toStartWith(nodeFilePath(dir.path))
    expect(error.message).toContain("2023-11-14T22:13:20.000Z (1700000000000)")
    expect(error.message).toContain("2023-11-14T22:13:20.001Z (1700000000001)")
  })
})

describe("under a node that runs, a file", () => {
  test("that is moved away takes no mark, until it is put back", () => {
    using dir = new TempDir()
    const path = nodeFilePath(dir.path)
    const file = NodeFile.open(dir.path, IDENTITY)
    file.writeMark(10)
    renameSync(path, dir.at("elsewhere"))
    const error = storeErrorOf(() => file.writeMark(20))
    expect(error.fault).toBe("UNUSABLE")
    expect(error.message).toBe(
      `${path} was removed while this node runs: put the file back that was there`,
    )
    renameSync(dir.at("elsewhere"), path)
    file.writeMark(30)
    file.close()
    expect(peek(dir.path).mark).toBe(30)
  })

  test("that is replaced takes no mark, and neither does the other one", () => {
    using dir = new TempDir()
    using other = new TempDir()
    const path = nodeFilePath(dir.path)
    const file = NodeFile.open(dir.path, IDENTITY)
    NodeFile.create(other.path, IDENTITY)
    renameSync(nodeFilePath(other.path), path)
    const error = storeErrorOf(() => file.writeMark(20))
    expect(error.message).toContain("was replaced while this node runs")
    file.close()
    expect(peek(dir.path).mark).toBe(0)
  })

  test("whose directory is gone takes no mark", () => {
    using dir = new TempDir()
    mkdirSync(dir.at("node"))
    const file = NodeFile.open(dir.at("node"), IDENTITY)
    rmSync(dir.at("node"), { recursive: true })
    expect(storeErrorOf(() => file.writeMark(20)).message).toContain("was removed")
    file.close()
  })

  test("is held: even this process cannot open it a second time", () => {
    using dir = new TempDir()
    const file = NodeFile.open(dir.path, IDENTITY)
    const error = storeErrorOf(() => NodeFile.open(dir.path, IDENTITY))
    expect(error.fault).toBe("LOCKED")
    expect(error.message).toStartWith(nodeFilePath(dir.path))
    file.writeMark(40)
    file.close()
    expect(peek(dir.path).mark).toBe(40)
  })
})
