import { afterAll, beforeAll } from "bun:test"
import { RunningNode } from "./firn-process.ts"
import { TempDir } from "./temp-dir.ts"

/** Runs one node while the tests of the calling file run, and hands it to `started` before them. */
export function shareNode(nodeId: number, started: (node: RunningNode) => void): void {
  const resources = new AsyncDisposableStack()
  beforeAll(async () => {
    const dir = resources.use(new TempDir())
    started(resources.use(await RunningNode.start(dir.path, ["--node-id", `${nodeId}`])))
  })
  afterAll(() => resources.disposeAsync())
}
