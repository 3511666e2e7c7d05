import { describe, expect, test } from "bun:test"
import { readFileSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { StoreError } from "../../../../server/storage/errors.ts"
import { NodeFile, nodeFilePath } from "../../../../server/storage/sqlite/node-file.ts"
import { SqliteStore } from "../../../../server/storage/sqlite/sqlite-store.ts"
import { within } from "../../../support/deadline.ts"
import { NodeFileHolder } from "../../../support/node-file-holder.ts"
import { TempDir } from "../../../support/temp-dir.ts"

function extend(store: SqliteStore, mark: number): Promise<Error | undefined> {
  const done = new Promise<Error | undefined>((resolve) => store.extend(mark, resolve))
  return within(`the mark ${mark}`, done)
}

async function refusalOf(work: Promise<unknown>): Promise<StoreError> {
  const error = await within(
    "a refusal",
    work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    ),
  )
  if (error instanceof StoreError) return error
  throw new Error(`not refused: ${Bun.inspect(error)}`)
}

describe("the store", () => {
  test("keeps identity and the mark it was closed with", async () => {
    using dir = new TempDir()
    const first = await SqliteStore.open(dir.path, { nodeId: 9, epochMs: 0 })
    expect(first.node).toEqual({ nodeId: 9, epochMs: 0, mark: 0 })
    expect(await extend(first, 5_000)).toBeUndefined()
    await first.close(4_321)
    const second = await SqliteStore.open(dir.path, {})
    expect(second.node).toEqual({ nodeId: 9, epochMs: 0, mark: 4_321 })
    await second.close(4_321)
  })

  test("has the mark on disk when it says done, whatever comes after", async () => {
    using dir = new TempDir()
    await using holder = new NodeFileHolder(dir.path, "hold")
    await holder.lines(1)
    await holder.kill()
    const store = await SqliteStore.open(dir.path, {})
    expect(await extend(store, 77)).toBeUndefined()
    await store.close(78)
    const file = NodeFile.open(dir.path, {})
    expect(file.node.mark).toBe(78)
    file.close()
  })

  test("makes what only its user can read or enter", async () => {
    using dir = new TempDir()
    const dataDir = dir.at("deep", "below")
    const store = await SqliteStore.open(dataDir, { nodeId: 9 })
    expect(await extend(store, 77)).toBeUndefined()
    const modeOf = (path: string): number => statSync(path).mode & 0o777
    expect([dir.at("deep"), dataDir].map(modeOf)).toEqual([0o700, 0o700])
    const modes = readdirSync(dataDir).map(
      (name) => `${modeOf(join(dataDir, name)).toString(8)} ${name}`,
    )
    expect(modes.filter((mode) => !mode.startsWith("600 "))).toEqual([])
    expect(modes.length).toBeGreaterThan(2)
    await store.close(78)
  })

  test("answers in order, and closes after what was asked before", async () => {
    using dir = new TempDir()
    const store = await SqliteStore.open(dir.path, { nodeId: 9 })
    const order: number[] = []
    for (const mark of [10, 20, 30]) store.extend(mark, () => order.push(mark))
    await store.close(25)
    expect(order).toEqual([10, 20, 30])
    const file = NodeFile.open(dir.path, {})
    expect(file.node.mark).toBe(25)
    file.close()
  })

  test("lets go of the file and leaves the mark alone when it is closed without one", async () => {
    using dir = new TempDir()
    const store = await SqliteStore.open(dir.path, { nodeId: 5 })
    expect(await extend(store, 5_000)).toBeUndefined()
    await store.close(undefined)
    await using second = new NodeFileHolder(dir.path, "hold")
    expect(await second.lines(1)).toEqual(["open"])
    await second.kill()
    const file = NodeFile.open(dir.path, {})
    expect(file.node.mark).toBe(5_000)
    file.close()
  })

  test("holds the file for its life, collected or not, and lets go of it when closed", async () => {
    using dir = new TempDir()
    const store = await SqliteStore.open(dir.path, { nodeId: 5 })
    Bun.gc(true)
    await using second = new NodeFileHolder(dir.path, "hold")
    expect(await second.lines(1)).toEqual(["LOCKED"])
    await store.close(1)
    await using third = new NodeFileHolder(dir.path, "hold")
    expect(await third.lines(1)).toEqual(["open"])
  })
})

describe("opening fails with the file's own fault", () => {
  test("when another process holds it, and works once that is gone", async () => {
    using dir = new TempDir()
    await using holder = new NodeFileHolder(dir.path, "hold")
    await holder.lines(1)
    const error = await refusalOf(SqliteStore.open(dir.path, {}))
    expect([error.fault, error.message]).toEqual(["LOCKED", expect.stringContaining(dir.path)])
    await holder.kill()
    await (await SqliteStore.open(dir.path, {})).close(0)
  })

  test("when it is damaged, is another node's, or has no node id", async () => {
    using dir = new TempDir()
    const without = await refusalOf(SqliteStore.open(dir.path, {}))
    expect(without.fault).toBe("NO_NODE_ID")
    NodeFile.create(dir.path, { nodeId: 3, epochMs: 0 })
    const another = await refusalOf(SqliteStore.open(dir.path, { nodeId: 4 }))
    expect(another.fault).toBe("MISMATCH")
    writeFileSync(nodeFilePath(dir.path), "damaged")
    const damaged = await refusalOf(SqliteStore.open(dir.path, {}))
    expect([damaged.fault, damaged.message]).toEqual(["CORRUPT", expect.stringContaining(dir.path)])
  })
})

describe("a file that is moved away under it", () => {
  test("makes extending fail with a message, until it is back", async () => {
    using dir = new TempDir()
    const store = await SqliteStore.open(dir.path, { nodeId: 5 })
    renameSync(nodeFilePath(dir.path), dir.at("elsewhere"))
    const error = await extend(store, 50)
    expect(error).toBeInstanceOf(StoreError)
    expect(error?.message).toContain("was removed while this node runs")
    renameSync(dir.at("elsewhere"), nodeFilePath(dir.path))
    expect(await extend(store, 60)).toBeUndefined()
    await store.close(55)
  })

  test("makes closing fail, and the mark before it stands", async () => {
    using dir = new TempDir()
    const store = await SqliteStore.open(dir.path, { nodeId: 5 })
    await extend(store, 70)
    renameSync(nodeFilePath(dir.path), dir.at("elsewhere"))
    expect((await refusalOf(store.close(65))).fault).toBe("UNUSABLE")
    renameSync(dir.at("elsewhere"), nodeFilePath(dir.path))
    const file = NodeFile.open(dir.path, {})
    expect(file.node.mark).toBe(70)
    file.close()
  })
})

describe("when another process has taken over where locks are not kept, the store", () => {
  /** As if another process had claimed the directory. */
  function claim(dir: TempDir): void {
    const line = readFileSync(dir.at("node.owner"), "utf8")
    writeFileSync(dir.at("node.owner"), line.replace(/^[^ ]+/, crypto.randomUUID()))
  }

  test("tells it once, before it refuses the next mark, and stores none any more", async () => {
    using dir = new TempDir()
    const store = await SqliteStore.open(dir.path, { nodeId: 5 })
    const events: string[] = []
    store.watch({ lost: (reason) => events.push(reason) })
    expect(await extend(store, 50)).toBeUndefined()
    claim(dir)
    const refused = new Promise<StoreError>((resolve) => {
      store.extend(60, (error) => {
        events.push("refused")
        resolve(error as StoreError)
      })
    })
    const error = await within("the refusal", refused)
    const reason = `another process has taken over ${dir.path} (process ${process.pid} on `
    expect(error.fault).toBe("LOST")
    expect(error.exitCode).toBe(3)
    expect(events).toEqual([expect.stringContaining(reason), "refused"])
    expect((await extend(store, 70))?.message).toStartWith(reason)
    expect(events).toHaveLength(2)
    await store.close(undefined)
    expect(await reopenedMark(dir)).toBe(50)
  })

  test("tells it at the close when that is the first to find out, and leaves the mark alone", async () => {
    using dir = new TempDir()
    const store = await SqliteStore.open(dir.path, { nodeId: 5 })
    expect(await extend(store, 50)).toBeUndefined()
    claim(dir)
    expect((await refusalOf(store.close(45))).fault).toBe("LOST")
    const events: string[] = []
    store.watch({ lost: (reason) => events.push(reason) })
    expect(events).toHaveLength(1)
    expect(await reopenedMark(dir)).toBe(50)
  })

  async function reopenedMark(dir: TempDir): Promise<number> {
    const store = await SqliteStore.open(dir.path, {})
    await store.close(store.node.mark)
    return store.node.mark
  }
})

test("a start begins at the latest mark though a late write has left another in node.sqlite", async () => {
  using dir = new TempDir()
  const store = await SqliteStore.open(dir.path, { nodeId: 5 })
  expect(await extend(store, 50)).toBeUndefined()
  await store.close(48)
  const file = NodeFile.open(dir.path, {})
  file.writeMark(20)
  file.close()
  const next = await SqliteStore.open(dir.path, {})
  expect(next.node.mark).toBe(48)
  await next.close(48)
})
