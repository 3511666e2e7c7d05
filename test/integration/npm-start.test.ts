import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { join } from "node:path"
import { within } from "../support/deadline.ts"
import { FREE_PORTS, RunningCluster } from "../support/running-cluster.ts"
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
