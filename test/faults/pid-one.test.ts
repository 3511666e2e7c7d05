import { expect, setDefaultTimeout } from "bun:test"
import { childrenOf } from "../support/children.ts"
import { within } from "../support/deadline.ts"
import { SCENARIO_TIMEOUT_MS } from "../support/fault-run.ts"
import { FIRN, FirnProcess } from "../support/firn-process.ts"
import { ROOT } from "../support/paths.ts"
import { AS_FIRST, testAllowed } from "../support/privileges.ts"
import { FREE_PORTS } from "../support/running-cluster.ts"
import { storedMark } from "../support/stored-mark.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

/** A signal that the first process of a namespace does not handle does nothing to it. */
async function endedInOrder(first: FirnProcess, dataDir: string, address: string): Promise<void> {
  using client = await TcpClient.connect(address)
  const { value } = await client.ask()
  const [pid] = childrenOf(first.pid)
  process.kill(pid!, "SIGTERM")
  await within("the end of all", first.exit)
  expect(storedMark(dataDir)).toBe(Number(value >> 22n) + 1)
}

async function clusterEnds(program: readonly string[]): Promise<number | string> {
  using dir = new TempDir()
  const args = ["--data-dir", dir.path, ...FREE_PORTS]
  await using cluster = new FirnProcess(args, { program: [...AS_FIRST, ...program], cwd: ROOT })
  const { nodes } = await cluster.waitForLog("cluster-listening")
  const [{ tcp }] = nodes as [{ tcp: string }]
  await endedInOrder(cluster, dir.at("node-0"), tcp)
  return await cluster.exit
}

testAllowed("process namespaces")("a node that is process 1 ends in order", async () => {
  using dir = new TempDir()
  const args = ["start", "--node-id", "7", "--tcp", "127.0.0.1:0", "--http", "off"]
  const program = [...AS_FIRST, ...FIRN]
  await using node = new FirnProcess([...args, "--data-dir", dir.path], { program })
  const { tcp } = await node.waitForLog("listening")
  await endedInOrder(node, dir.path, String(tcp))
  expect(await node.exit).toBe(0)
})

testAllowed("process namespaces")("so does a cluster", async () => {
  expect(await clusterEnds([...FIRN, "cluster", "--nodes", "2"])).toBe(0)
})

testAllowed("process namespaces", "node")("so does npm start", async () => {
  expect(await clusterEnds(["npm", "start", "--silent", "--"])).toBe(0)
})

testAllowed("process namespaces", "node")(
  "so does npx, whose shell the signal ends as well",
  async () => {
    // npm says 1 of its shell, unless that is one that gives way to its only command, as bash does.
    expect(await clusterEnds(["npx", "firn", "cluster", "--nodes", "2"])).toBeOneOf([0, 1])
  },
)
