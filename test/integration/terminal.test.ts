import { expect, setDefaultTimeout } from "bun:test"
import { writeFileSync } from "node:fs"
import { FIRN } from "../support/firn-process.ts"
import { askUntil } from "../support/deadline.ts"
import { FreePorts } from "../../server/supervisor/free-ports.ts"
import { childrenOf } from "../support/children.ts"
import { gone } from "../support/running-cluster.ts"
import { storedMark } from "../support/stored-mark.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(60_000)

/** A node on a terminal, which `script` makes and holds. */
async function startOnTerminal(dir: TempDir, args: readonly string[], address: string) {
  const own = ["start", "--node-id", "7", "--data-dir", dir.at("node"), "--tcp", address]
  const command = [...FIRN, ...own, "--http", "off", ...args].join(" ")
  const terminal = Bun.spawn(["script", "-qec", command, "/dev/null"], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
    env: { ...process.env, SHELL: "/bin/sh" },
  })
  const connect = (): Promise<TcpClient | undefined> =>
    TcpClient.connect(address).catch(() => undefined)
  const client = await askUntil("the node to listen", connect, (found) => found !== undefined)
  return { terminal, client: client! }
}

testWith("script", "/proc").each([
  ["has no file to read again", false],
  ["has one", true],
])("a node whose terminal is closed ends in order: it %s", async (_, hasFile) => {
  using dir = new TempDir()
  using ports = new FreePorts(1, Math.random)
  const address = `127.0.0.1:${ports.take()}`
  writeFileSync(dir.at("peers"), `7@${address}\n`)
  const args = hasFile ? ["--peers-file", dir.at("peers")] : []
  const { terminal, client } = await startOnTerminal(dir, args, address)
  const { value } = await client.ask()
  client[Symbol.dispose]()
  const processes = childrenOf(terminal.pid)
  expect(processes.length).toBeGreaterThan(0)
  terminal.kill("SIGKILL")
  await terminal.exited
  await gone(processes)
  expect(storedMark(dir.at("node"))).toBe(Number(value >> 22n) + 1)
})
