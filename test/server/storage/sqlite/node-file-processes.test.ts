import { describe, expect, test } from "bun:test"
import { NodeFile, nodeFilePath } from "../../../../server/storage/sqlite/node-file.ts"
import { NodeFileHolder } from "../../../support/node-file-holder.ts"
import { storeErrorOf } from "../../../support/store-errors.ts"
import { TempDir } from "../../../support/temp-dir.ts"
import { seededRandom } from "../../../support/virtual-environment.ts"

const KILLS = 20
/** Without patience about one in 30 had no winner. */
const ROUNDS = 10
const AT_ONCE_MS = 1_000
const SLOW_TEST_MS = 30_000

describe("of two processes on one data directory", () => {
  test("the second is refused at once while the first lives, and may have it after kill -9", async () => {
    using dir = new TempDir()
    await using holder = new NodeFileHolder(dir.path, "hold")
    expect(await holder.lines(1)).toEqual(["open"])

    const startMs = performance.now()
    const error = storeErrorOf(() => NodeFile.open(dir.path, {}))
    expect(performance.now() - startMs).toBeLessThan(AT_ONCE_MS)
    expect(error.fault).toBe("LOCKED")
    expect(error.message).toBe(
      `${nodeFilePath(dir.path)} is in use by another process: one node, one data directory`,
    )

    await holder.kill()
    const file = NodeFile.open(dir.path, {})
    expect(file.node.nodeId).toBe(5)
    file.close()
  })

  test("the first keeps it, whatever has been collected since", async () => {
    using dir = new TempDir()
    const file = NodeFile.open(dir.path, { nodeId: 5 })
    for (let i = 0; i < 3; i++) Bun.gc(true)
    await using second = new NodeFileHolder(dir.path, "hold")
    expect(await second.lines(1)).toEqual(["LOCKED"])
    file.writeMark(1)
    file.close()
    await using third = new NodeFileHolder(dir.path, "hold")
    expect(await third.lines(1)).toEqual(["open"])
  })

  test.each(["create", "open"])(
    "that %s it together one wins, and the other is refused",
    async (what) => {
      for (let round = 0; round < ROUNDS; round++) {
        using dir = new TempDir()
        if (what === "open") NodeFile.create(dir.path, { nodeId: 5, epochMs: 0 })
        const both = [new NodeFileHolder(dir.path, "hold"), new NodeFileHolder(dir.path, "hold")]
        const said = await Promise.all(both.map((holder) => holder.lines(1)))
        await Promise.all(both.map((holder) => holder.kill()))
        expect(said.flat().sort()).toEqual(["LOCKED", "open"])
        NodeFile.open(dir.path, { nodeId: 5 }).close()
      }
    },
  )
})

test(
  "kill -9 amid writes leaves a mark that was written, not older than the last one said",
  async () => {
    using dir = new TempDir()
    const random = seededRandom(9)
    let before = 0
    for (let kill = 0; kill < KILLS; kill++) {
      await using holder = new NodeFileHolder(dir.path, "write")
      await holder.lines(2 + Math.floor(random() * 30))
      await holder.kill()
      const said = holder.said.slice(1).map(Number)
      const last = said.at(-1)!
      expect(said).toEqual(said.map((_, i) => before + 1 + i))

      const file = NodeFile.open(dir.path, {})
      // The next mark may have been stored and not yet said.
      expect(file.node.mark).toBeWithin(last, last + 2)
      before = file.node.mark
      file.close()
    }
  },
  SLOW_TEST_MS,
)
