import { expect, setDefaultTimeout } from "bun:test"
import { join } from "node:path"
import { run } from "../support/command.ts"
import { RunningNode } from "../support/firn-process.ts"
import { NodeCluster } from "../support/node-cluster.ts"
import { ROOT } from "../support/paths.ts"
import { PythonEnvironment } from "../support/python.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(240_000)

const CONFIG = join(ROOT, "test/fixtures/python/schemathesis.toml")
const PATIENCE_MS = 100_000
/** It reads a stream for three seconds each time. */
const ALL = ["--exclude-path", "/events", "--max-examples", "50"]
const EVENTS = ["--include-path", "/events", "--phases", "fuzzing", "--max-examples", "1"]

/** Sends what the document allows and what it does not, and looks whether the answers are as it says. */
async function findings(
  python: PythonEnvironment,
  http: string,
  ...about: readonly string[]
): Promise<string> {
  const document = `http://${http}/openapi.json`
  const checks = ["--checks", "all", "--no-color", ...about]
  const command = [python.command("schemathesis"), "--config-file", CONFIG, "run", document]
  // It writes a report where it runs.
  using dir = new TempDir()
  const inDir = ["sh", "-c", 'cd "$0" && exec "$@"', dir.path]
  const { exitCode, stdout, stderr } = await run([...inDir, ...command, ...checks], "", PATIENCE_MS)
  return exitCode === 0 ? "" : `${stdout}${stderr}`
}

testWith("python3")(
  "schemathesis finds nothing wrong with a node, nor with a cluster",
  async () => {
    using python = await PythonEnvironment.make("api-requirements.txt")
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, ["--node-id", "3"])
    expect(await findings(python, node.http, ...ALL)).toBe("")
    expect(await findings(python, node.http, ...EVENTS)).toBe("")
    await using cluster = await NodeCluster.start(3)
    expect(await findings(python, cluster.node(0).http, ...ALL)).toBe("")
  },
)
