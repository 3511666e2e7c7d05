import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { existsSync, readFileSync, statSync } from "node:fs"
import { composeId, decodeId } from "../../protocol/index.ts"
import { NodeFile } from "../../server/storage/sqlite/node-file.ts"
import { run } from "../support/command.ts"
import { FIRN, RunningNode, runFirn } from "../support/firn-process.ts"
import { expectIncreasing } from "../support/ids.ts"
import { seedAhead } from "../support/stored-mark.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(30_000)

/** A loopback address that refused connections a moment ago. */
function deafAddress(): string {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } })
  listener.stop(true)
  return `127.0.0.1:${listener.port}`
}

describe("firn id", () => {
  test("prints as many ids as asked for, each above the one before", async () => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, ["--node-id", "1023"])
    for (const count of [1, 2, 4096, 4097, 5000]) {
      const { exit, stdout, stderr } = await runFirn(["id", "--count", `${count}`], {
        env: { FIRN_SERVER: node.tcp },
      })
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" })
      expect(stdout).toEndWith("\n")
      const ids = stdout.trim().split("\n").map(BigInt)
      expect(ids).toHaveLength(count)
      expectIncreasing(ids)
      expect(ids.every((id) => decodeId(id).node === 1023)).toBe(true)
    }
    const { stdout } = await runFirn(["id", "--server", node.tcp])
    expect(stdout).toMatch(/^[0-9]+\n$/)
  })

  test("says so when nobody listens", async () => {
    const address = deafAddress()
    expect(await runFirn(["id", "--server", address])).toEqual({
      exit: 1,
      stdout: "",
      stderr: `error: CONNECT_FAILED: ${address}: nothing listens there\n`,
    })
  })

  test("says so when the other side is no Firn node", async () => {
    using listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.end() },
    })
    const address = `127.0.0.1:${listener.port}`
    expect(await runFirn(["id", "--server", address])).toEqual({
      exit: 1,
      stdout: "",
      stderr: `error: CONNECT_FAILED: ${address}: it closed the connection\n`,
    })
  })

  test("passes on why a node refuses", async () => {
    using dir = new TempDir()
    seedAhead(dir.path, 3, 3_600_000)
    await using node = await RunningNode.start(dir.path)
    const { exit, stdout, stderr } = await runFirn(["id", "--server", node.tcp])
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" })
    expect(stderr).toMatch(/^error: CLOCK_BEHIND: .+: ids are back in 35[0-9]{5} ms\n$/)
  })
})

describe("firn decode", () => {
  const id = composeId({ time: 20_003_696_789, node: 7, sequence: 42 }).toString()

  test("tells time, node and sequence of each id", async () => {
    const { exit, stdout } = await runFirn(["decode", id, "0"])
    expect({ exit, stdout }).toEqual({
      exit: 0,
      stdout:
        `${id}  time 2026-08-20T12:34:56.789Z  node 7  sequence 42\n` +
        "0  time 2026-01-01T00:00:00.000Z  node 0  sequence 0\n",
    })
  })

  test("takes ids in hexadecimal, and those of standard input", async () => {
    const { stdout } = await runFirn(["decode", "0x1a8", "0X1A8", "424"])
    expect(stdout.match(/node 0 {2}sequence 424$/gm)?.length).toBe(3)
    const piped = await run([...FIRN, "decode", "--json"], "424\n\n 0x10\n")
    expect(
      piped.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      {
        id: "424",
        time: "2026-01-01T00:00:00.000Z",
        unixMs: 1_767_225_600_000,
        node: 0,
        sequence: 424,
      },
      {
        id: "16",
        time: "2026-01-01T00:00:00.000Z",
        unixMs: 1_767_225_600_000,
        node: 0,
        sequence: 16,
      },
    ])
    const wrong = await run([...FIRN, "decode"], "424\nnonsense\n")
    expect([wrong.exitCode, wrong.stderr]).toEqual([
      2,
      expect.stringContaining('"nonsense" is not an id'),
    ])
  })

  test("counts from the epoch it is given", async () => {
    const { stdout } = await runFirn(["decode", "--epoch", "2000-01-01", "0"])
    expect(stdout).toBe("0  time 2000-01-01T00:00:00.000Z  node 0  sequence 0\n")
    const inherited = await runFirn(["decode", "0"], { env: { FIRN_EPOCH: "0" } })
    expect(inherited.stdout).toBe("0  time 1970-01-01T00:00:00.000Z  node 0  sequence 0\n")
  })

  test.concurrent.each(["x", "-1", "1.5", "1e3", "18446744073709551616", "0".repeat(21)])(
    "refuses %s",
    async (text) => {
      expect(await runFirn(["decode", "--", text])).toEqual({
        exit: 2,
        stdout: "",
        stderr: `error: "${text}" is not an id: a whole decimal number from 0 to 2^64-1\n`,
      })
    },
  )
})

/** All that a seed must leave as it is. */
function fileState(path: string): unknown {
  const { ino, mtimeMs } = statSync(path)
  return { bytes: readFileSync(path).toHex(), ino, mtimeMs }
}

describe("firn seed", () => {
  test("writes what is missing, leaves what exists, and the nodes start as what they are", async () => {
    using dir = new TempDir()
    const path = (node: number): string => dir.at(`node-${node}`)
    const seed = (nodes: number): ReturnType<typeof runFirn> =>
      runFirn(["seed", "--nodes", `${nodes}`, "--data-dir", dir.path])

    expect(await seed(2)).toEqual({
      exit: 0,
      stdout: `${path(0)}: node id 0 written\n${path(1)}: node id 1 written\n`,
      stderr: "",
    })
    const files = [0, 1].map((node) => dir.at(`node-${node}`, "node.sqlite"))
    const before = files.map(fileState)

    expect(await seed(3)).toEqual({
      exit: 0,
      stdout:
        `${path(0)}: exists already, left as it is\n` +
        `${path(1)}: exists already, left as it is\n` +
        `${path(2)}: node id 2 written\n`,
      stderr: "",
    })
    expect(files.map(fileState)).toEqual(before)

    await using node = await RunningNode.start(path(2))
    const { stdout } = await runFirn(["id", "--server", node.tcp])
    expect(decodeId(stdout.trim()).node).toBe(2)
  })

  test("does not touch the data of a node that runs", async () => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.at("node-0"), ["--node-id", "0"])
    const { exit, stdout } = await runFirn(["seed", "--nodes", "1", "--data-dir", dir.path])
    expect(exit).toBe(0)
    expect(stdout).toBe(`${dir.at("node-0")}: exists already, left as it is\n`)
    expect((await runFirn(["id", "--server", node.tcp])).exit).toBe(0)
  })

  test("gives the nodes the epoch it is given", async () => {
    using dir = new TempDir()
    const args = ["--nodes", "1", "--data-dir", dir.path, "--epoch", "2020-02-29"]
    expect((await runFirn(["seed", ...args])).exit).toBe(0)
    const file = NodeFile.open(dir.at("node-0"), {})
    expect(file.node).toEqual({ nodeId: 0, epochMs: Date.UTC(2020, 1, 29), mark: 0 })
    file.close()
  })

  test("takes no epoch but the one that is stored, and none of the future", async () => {
    using dir = new TempDir()
    const seed = (...args: string[]) => runFirn(["seed", "--data-dir", dir.path, ...args])
    expect((await seed("--nodes", "1", "--epoch", "2020-02-29")).exit).toBe(0)
    const other = await seed("--nodes", "2", "--epoch", "2020-03-01")
    expect([other.exit, other.stderr]).toEqual([
      2,
      expect.stringContaining(
        "node.sqlite has the epoch 2020-02-29T00:00:00.000Z (1582934400000), but --epoch is 2020-03-01",
      ),
    ])
    const future = await seed("--nodes", "2", "--epoch", "2090-01-01")
    expect([future.exit, future.stderr]).toEqual([
      2,
      expect.stringMatching(
        /^error: --epoch is 2090-01-01T00:00:00.000Z, and by the clock of this machine it is 20/,
      ),
    ])
    expect(existsSync(dir.at("node-1"))).toBe(false)
  })

  test("says which directory cannot be made", async () => {
    using dir = new TempDir()
    await Bun.write(dir.at("file"), "")
    const { exit, stderr } = await runFirn(["seed", "--nodes", "1", "--data-dir", dir.at("file")])
    expect(exit).toBe(1)
    expect(stderr).toMatch(/^error: .+\n$/)
    expect(stderr).toStartWith(`error: ${dir.at("file", "node-0", "node.sqlite")} cannot be used: `)
  })
})
