import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { copyFileSync, readdirSync, writeFileSync } from "node:fs"
import { NodeFile, nodeFilePath } from "../../../../server/storage/sqlite/node-file.ts"
import { RunningNode, runFirn } from "../../../support/firn-process.ts"
import { expectIncreasing } from "../../../support/ids.ts"
import { NodeFileHolder } from "../../../support/node-file-holder.ts"
import { OddFileSystem } from "../../../support/odd-file-system.ts"
import { TcpClient } from "../../../support/tcp-client.ts"
import { TempDir } from "../../../support/temp-dir.ts"
import { isToolThere, testWith } from "../../../support/tools.ts"

const TOGETHER = 5
const IDENTITY = { nodeId: 5, epochMs: 0 }

let odd: OddFileSystem | undefined

beforeAll(() => {
  if (isToolThere("cc")) odd = new OddFileSystem()
})

afterAll(() => odd?.[Symbol.dispose]())

describe("where a file cannot have two names and a directory cannot be synced", () => {
  testWith("cc")(
    "a first start makes its file all the same, and nothing is left beside it",
    async () => {
      using dir = new TempDir()
      await using holder = new NodeFileHolder(dir.at("node"), "hold", odd!.env("no-links"))
      expect(await holder.lines(1)).toEqual(["open"])
      await holder.kill()
      expect(readdirSync(dir.at("node"))).toEqual(["node.sqlite"])
      const file = NodeFile.open(dir.at("node"), {})
      expect(file.node).toMatchObject({ nodeId: 5, mark: 0 })
      file.close()
    },
  )

  testWith("cc")("of two that make it together one wins, and the other is refused", async () => {
    const env = odd!.env("no-links")
    for (let time = 0; time < TOGETHER; time++) {
      using dir = new TempDir()
      await using one = new NodeFileHolder(dir.path, "hold", env)
      await using other = new NodeFileHolder(dir.path, "hold", env)
      const said = await Promise.all([one.lines(1), other.lines(1)])
      expect(said.flat().sort()).toEqual(["LOCKED", "open"])
      await Promise.all([one.kill(), other.kill()])
      expect(readdirSync(dir.path)).toEqual(["node.sqlite"])
    }
  })

  testWith("cc")("a node runs, is killed, and runs again", async () => {
    using dir = new TempDir()
    const options = { env: odd!.env("no-links") }
    const ids: bigint[] = []
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      await using node = await RunningNode.start(dir.path, ["--node-id", "5"], options)
      using client = await TcpClient.connect(node.tcp)
      ids.push((await client.ask()).value)
      node.kill(signal)
      await node.exit
    }
    expectIncreasing(ids)
  })
})

describe("a file whose making was cut off between its name and its content", () => {
  test("is finished by the next start, and by the next seeding", () => {
    const nexts = [
      (path: string) => NodeFile.open(path, IDENTITY).close(),
      (path: string) => expect(NodeFile.create(path, IDENTITY)).toBe(false),
    ]
    for (const next of nexts) {
      using dir = new TempDir()
      using other = new TempDir()
      NodeFile.create(other.path, IDENTITY)
      copyFileSync(nodeFilePath(other.path), `${nodeFilePath(dir.path)}.whole`)
      writeFileSync(nodeFilePath(dir.path), "")
      next(dir.path)
      expect(readdirSync(dir.path)).toEqual(["node.sqlite"])
      const file = NodeFile.open(dir.path, {})
      expect(file.node).toEqual({ ...IDENTITY, mark: 0 })
      file.close()
    }
  })
})

describe("where no lock is given", () => {
  const advice =
    "cannot be locked: its file system gives no locks (ENOLCK), as NFS does without a lock service. " +
    "Use a local disk, or mount it with NFS 4, with the lock service running, or with nolock\n"

  testWith("cc")(
    "a start says so and what to do, and leaves nothing behind that was not there",
    async () => {
      using dir = new TempDir()
      const env = odd!.env("no-locks")
      const start = ["start", "--data-dir", dir.path, "--node-id", "5", "--tcp", "127.0.0.1:0"]
      const stderr = `error: ${nodeFilePath(dir.path)} ${advice}`
      expect(await runFirn(start, { env })).toEqual({ exit: 1, stdout: "", stderr })
      expect(readdirSync(dir.path)).toEqual([])
      NodeFile.create(dir.path, IDENTITY)
      const again = ["start", "--data-dir", dir.path, "--tcp", "127.0.0.1:0"]
      expect(await runFirn(again, { env })).toEqual({ exit: 1, stdout: "", stderr })
      expect(readdirSync(dir.path)).toEqual(["node.sqlite"])
    },
  )
})

describe("where locks are given and not kept", () => {
  testWith("cc")("the lock alone would let two processes in", async () => {
    using dir = new TempDir()
    const env = odd!.env("locks-not-kept")
    await using one = new NodeFileHolder(dir.path, "hold", env)
    expect(await one.lines(1)).toEqual(["open"])
    await using other = new NodeFileHolder(dir.path, "hold", env)
    expect(await other.lines(1)).toEqual(["open"])
  })
})
