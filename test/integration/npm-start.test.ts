import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { join } from "node:path"
import { within } from "../support/deadline.ts"
import { FREE_PORTS, RunningCluster } from "../support/running-cluster.ts"
import { RunningNode } from "../support/firn-process.ts"
import { storedMark } from "../support/stored-mark.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(60_000)

const ROOT = join(import.meta.dir, "../..")

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe("npm start", () => {
  test.each(["SIGTERM", "SIGINT", "SIGKILL"] as const)(
    "ends its nodes in order after %s to npm alone",
    async (signal) => {
      using dir = new TempDir()
      const args = ["--data-dir", dir.path, ...FREE_PORTS]
      const program = ["npm", "start", "--silent", "--"]
      await using cluster = await RunningCluster.run(args, { program, cwd: ROOT })
      expect(cluster.nodes).toHaveLength(4)
      cluster.kill(signal)
      // Its output ends when the last of them has ended.
      await within("the end of all", cluster.exit)
      expect(cluster.logged("stopped").length).toBeGreaterThanOrEqual(4)
      expect(cluster.pids.filter(isAlive)).toEqual([])
    },
  )
})

describe("npx firn start", () => {
  // SIGINT to npx alone stays with its shell, which waits: Ctrl-C reaches all of them.
  test.each(["SIGTERM", "SIGKILL"] as const)(
    "ends its node in order after %s to npx alone",
    async (signal) => {
      using dir = new TempDir()
      const program = ["npx", "firn"]
      const node = await RunningNode.start(dir.path, ["--node-id", "7"], { program, cwd: ROOT })
      await using _ = node
      using client = await TcpClient.connect(node.tcp)
      const { value } = await client.ask()
      node.kill(signal)
      await within("the end of all", node.exit)
      expect(node.logged("stopped").length).toBe(1)
      expect(storedMark(dir.path)).toBe(Number(value >> 22n) + 1)
    },
  )
})
