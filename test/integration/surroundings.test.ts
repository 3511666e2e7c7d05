import { expect, setDefaultTimeout, test } from "bun:test"
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { FreePorts } from "../../server/supervisor/free-ports.ts"
import { FirnProcess, RunningNode, runFirn } from "../support/firn-process.ts"
import { ROOT } from "../support/paths.ts"
import { FREE_PORTS } from "../support/running-cluster.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(60_000)

/** What starts `firn` where it is installed: by the first line of its file, with Bun on the path. */
function installedIn(dir: TempDir): { program: string[]; env: Record<string, string> } {
  const bin = dir.at("bin")
  mkdirSync(bin)
  symlinkSync(process.execPath, join(bin, "bun"))
  return {
    program: [join(ROOT, "server/main.ts")],
    env: { PATH: `${bin}:${process.env["PATH"]}` },
  }
}

/** Files that Bun reads in the directory in which it is started. */
function writeTraps(dir: TempDir): void {
  writeFileSync(dir.at(".env"), "FIRN_MAX_CONNECTIONS=nonsense\nFIRN_NODE_ID=9\n")
  writeFileSync(dir.at("bunfig.toml"), 'preload = ["./trap.ts"]\n')
  writeFileSync(dir.at("trap.ts"), 'console.log("the trap has run")\nprocess.exit(7)\n')
}

test("files of Bun in the current directory change nothing", async () => {
  using dir = new TempDir()
  const installed = installedIn(dir)
  writeTraps(dir)
  const options = { ...installed, cwd: dir.path }
  const decoded = await runFirn(["decode", "1"], options)
  expect([decoded.exit, decoded.stdout]).toEqual([0, expect.stringContaining("node 0")])
  const args = ["cluster", "--nodes", "2", "--data-dir", dir.at("data"), ...FREE_PORTS]
  await using cluster = new FirnProcess(args, options)
  await cluster.waitForLog("cluster-listening")
  expect(cluster.stdout).not.toContain("trap")
  expect(await cluster.stop()).toBe(0)
})

test("a debugger of the supervisor is none of its nodes", async () => {
  using dir = new TempDir()
  using ports = new FreePorts(1, Math.random)
  const env = { BUN_INSPECT: `127.0.0.1:${ports.take()}` }
  const args = ["cluster", "--nodes", "2", "--data-dir", dir.at("data"), ...FREE_PORTS]
  await using cluster = new FirnProcess(args, { env })
  await cluster.waitForLog("cluster-listening")
  expect(await cluster.stop()).toBe(0)
})

test("firn status asks no proxy", async () => {
  using dir = new TempDir()
  await using node = await RunningNode.start(dir.path, ["--node-id", "7"])
  const proxy = "http://127.0.0.1:1"
  const env = { HTTP_PROXY: proxy, http_proxy: proxy, HTTPS_PROXY: proxy }
  const status = await runFirn(["status", "--server", node.http], { env })
  expect([status.exit, status.stdout]).toEqual([0, expect.stringContaining("node          7")])
})
