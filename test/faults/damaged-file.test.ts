import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { readFileSync, truncateSync, writeFileSync } from "node:fs"
import { decodeId } from "../../protocol/index.ts"
import { nodeFilePath } from "../../server/storage/sqlite/node-file.ts"
import { SCENARIO_TIMEOUT_MS, repeat, report, sized } from "../support/fault-run.ts"
import { FirnProcess, RunningNode } from "../support/firn-process.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

const NODE_ID = 5
const PAGE_BYTES = 4_096
/** SQLite's smallest page: a file may be cut off behind any of them. */
const CUT_BYTES = 512
/** Of the first page one in so many bytes is flipped: of those that are not 0, and of the zeros. */
const USED_STEP = sized(40, 1)
const UNUSED_STEP = sized(600, 60)

const ARGS = ["--tcp", "127.0.0.1:0", "--http", "off"]

/** The data of a node that has given out ids and was stopped. */
class UsedDir extends TempDir {
  readonly file = nodeFilePath(this.path)
  whole: Uint8Array = new Uint8Array(0)
  lastId = 0n

  static async make(): Promise<UsedDir> {
    const dir = new UsedDir()
    await using node = await RunningNode.start(dir.path, ["--node-id", `${NODE_ID}`])
    using client = await TcpClient.connect(node.tcp)
    dir.lastId = (await client.ask()).value
    await node.stop()
    dir.whole = readFileSync(dir.file)
    return dir
  }

  /** Starts a node. @returns whether it refused to; if not, its ids are right */
  async refuses(): Promise<boolean> {
    const before = readFileSync(this.file)
    await using node = new FirnProcess(["start", "--data-dir", this.path, ...ARGS])
    const listening = await node.waitForLog("listening").catch(() => undefined)
    if (listening === undefined) {
      expect({ exit: await node.exit, stdout: node.stdout }).toEqual({ exit: 1, stdout: "" })
      expect(node.stderr).toMatch(/^error: .+\n$/)
      expect(node.stderr).toStartWith(`error: ${this.file} is damaged: `)
      expect(node.stderr).toContain("Put back the data directory")
      expect(readFileSync(this.file).equals(before)).toBe(true)
      return true
    }
    using client = await TcpClient.connect(String(listening["tcp"]))
    const { value } = await client.ask()
    expect(decodeId(value).node).toBe(NODE_ID)
    expect(value).toBeGreaterThan(this.lastId)
    expect(await node.stop()).toBe(0)
    return false
  }
}

describe("a damaged file is refused with its path and what to do, and left as it is:", () => {
  test("one that is empty or no database", async () => {
    using dir = await UsedDir.make()
    truncateSync(dir.file, 0)
    expect(await dir.refuses()).toBe(true)
    writeFileSync(dir.file, "not a database, but long enough ".repeat(300))
    expect(await dir.refuses()).toBe(true)
  })

  test("one that is cut off behind any page", async () => {
    using dir = await UsedDir.make()
    let cuts = 0
    for (let length = CUT_BYTES; length < dir.whole.length; length += CUT_BYTES) {
      writeFileSync(dir.file, dir.whole.subarray(0, length))
      expect(await dir.refuses()).toBe(true)
      cuts++
    }
    report("file cut off", { cuts, refused: cuts })
  })

  test("one with a byte of its first page flipped, unless it is one that nobody reads", async () => {
    using dir = await UsedDir.make()
    const offsets = [...dir.whole.subarray(0, PAGE_BYTES).keys()]
    const used = offsets.filter((at) => dir.whole[at] !== 0).filter((_, i) => i % USED_STEP === 0)
    const unused = offsets
      .filter((at) => dir.whole[at] === 0)
      .filter((_, i) => i % UNUSED_STEP === 0)
    const flips = [...used, ...unused]
    let refused = 0
    await repeat("byte flipped", "bytes", flips.length, async (i) => {
      const damaged = Uint8Array.from(dir.whole)
      damaged[flips[i]!]! ^= 1 << Math.floor(Math.random() * 8)
      writeFileSync(dir.file, damaged)
      if (await dir.refuses()) refused++
    })
    expect(refused).toBeGreaterThan(used.length / 2)
    const went = flips.length - refused
    report("byte flipped", { flips: flips.length, refused, "right all the same": went })
  })
})
