import { expect, setDefaultTimeout, test } from "bun:test"
import { existsSync, writeFileSync } from "node:fs"
import { Op, decodeId } from "../../protocol/index.ts"
import { RunningNode, runFirn } from "../support/firn-process.ts"
import type { Outcome } from "../support/firn-process.ts"
import { NodeCluster, nodeStatus, peersText } from "../support/node-cluster.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(30_000)

const ANY = "127.0.0.1:0"

/** Lists that are wrong, each with what the refusal has to name. */
const WRONG_LISTS: [string, readonly string[], string][] = [
  [
    "a node twice",
    ["0@127.0.0.1:6454", "1@127.0.0.1:6455", "1@127.0.0.1:6456"],
    '"1@127.0.0.1:6456" lists node 1 twice',
  ],
  ["an id above 1023", ["0@127.0.0.1:6454", "1024@127.0.0.1:6455"], '"1024@127.0.0.1:6455"'],
  ["an id that is none", ["0@127.0.0.1:6454", "x@127.0.0.1:6455"], '"x@127.0.0.1:6455"'],
  ["an id below 0", ["-1@127.0.0.1:6455"], '"-1@127.0.0.1:6455"'],
  ["an address without a port", ["0@127.0.0.1:6454", "1@127.0.0.1"], '"1@127.0.0.1"'],
  ["a port beyond the last", ["1@127.0.0.1:65536"], '"1@127.0.0.1:65536"'],
  ["an IPv6 address without brackets", ["1@::1:6455"], '"1@::1:6455"'],
  ["an address alone", ["127.0.0.1:6454"], '"127.0.0.1:6454"'],
]

async function start(dir: TempDir, ...args: string[]): Promise<Outcome> {
  const own = ["--data-dir", dir.at("node"), "--node-id", "0", "--tcp", ANY, "--http", ANY]
  return await runFirn(["start", ...own, ...args])
}

/** Exit code 2, one line that names the entry, and no trace of a node. */
function expectRefused(dir: TempDir, { exit, stdout, stderr }: Outcome, named: string): void {
  expect({ exit, stdout }).toEqual({ exit: 2, stdout: "" })
  expect(stderr).toMatch(/^error: [ -~]+\n$/)
  expect(stderr).toContain(named)
  expect(existsSync(dir.at("node"))).toBe(false)
}

test.each(WRONG_LISTS)("--peers with %s is refused", async (_, entries, named) => {
  using dir = new TempDir()
  expectRefused(dir, await start(dir, "--peers", entries.join(",")), named)
})

test.each(WRONG_LISTS)("a --peers-file with %s is refused", async (_, entries, named) => {
  using dir = new TempDir()
  const file = dir.at("peers.txt")
  writeFileSync(file, `# all nodes\n\n${entries.join("\n")}\n`)
  const outcome = await start(dir, "--peers-file", file)
  expectRefused(dir, outcome, named)
  expect(outcome.stderr).toContain(file)
})

test("an empty --peers is refused", async () => {
  using dir = new TempDir()
  expectRefused(dir, await start(dir, "--peers", ""), "ID@HOST:PORT")
})

test("a --peers-file that is not there is refused", async () => {
  using dir = new TempDir()
  const file = dir.at("nowhere")
  expectRefused(dir, await start(dir, "--peers-file", file), file)
  expectRefused(dir, await start(dir, "--peers-file", dir.path), dir.path)
})

test.each([
  ["nothing in it", "# nobody yet\n", "lists no node"],
  ["no entry for this node", "1@127.0.0.1:6455\n", "does not list this node, which is 0"],
  ["more in it than a list can have", "#".repeat(5_000_000), "is larger than 1048576 bytes"],
])("a --peers-file with %s is refused", async (_, text, named) => {
  using dir = new TempDir()
  const file = dir.at("peers.txt")
  writeFileSync(file, text)
  expectRefused(dir, await start(dir, "--peers-file", file), `${file} ${named}`)
})

test("a --peers-file without the node whose id is stored is refused", async () => {
  using dir = new TempDir()
  const file = dir.at("peers.txt")
  await runFirn(["seed", "--nodes", "1", "--data-dir", dir.path])
  writeFileSync(file, "1@127.0.0.1:6455\n")
  const node = ["--data-dir", dir.at("node-0"), "--tcp", ANY, "--http", ANY]
  const { exit, stderr } = await runFirn(["start", ...node, "--peers-file", file])
  expect({ exit, stderr }).toEqual({
    exit: 2,
    stderr: `error: ${file} does not list this node, which is 0\n`,
  })
})

test("--peers and --peers-file together are refused", async () => {
  using dir = new TempDir()
  const file = dir.at("peers.txt")
  writeFileSync(file, "0@127.0.0.1:6454\n")
  const outcome = await start(dir, "--peers", "0@127.0.0.1:6454", "--peers-file", file)
  expectRefused(dir, outcome, "--peers-file")
  expect(outcome.stderr).toContain("--peers <LIST>")
})

test.each(["0", "65", "x"])("--links-per-peer %s is refused", async (count) => {
  using dir = new TempDir()
  expectRefused(dir, await start(dir, "--links-per-peer", count), "--links-per-peer")
})

test.each(["0", "19", "60001", "1s"])("--forward-timeout %s is refused", async (ms) => {
  using dir = new TempDir()
  expectRefused(dir, await start(dir, "--forward-timeout", ms), "--forward-timeout")
})

test("the list and the rest can come from variables", async () => {
  await using cluster = await NodeCluster.start(1)
  const addresses = [...cluster.addresses, cluster.freeAddress()]
  const env = {
    FIRN_PEERS: peersText(addresses),
    FIRN_LINKS_PER_PEER: "3",
    FIRN_FORWARD_TIMEOUT: "20000",
  }
  const args = ["--node-id", "1", "--tcp", addresses[1]!]
  await using node = await RunningNode.start(cluster.dir.at("node-1"), args, { env })
  using client = await TcpClient.connect(node.tcp)
  const answers = await client.askAll(Array(100).fill({ op: Op.NODE, target: 0 }))
  expect(new Set(answers.map(({ value }) => decodeId(value).node))).toEqual(new Set([0]))
  expect((await nodeStatus(node)).peers).toMatchObject([{ node: 0, state: "up" }])
})

test("a cluster may have 1,024 nodes, of which only those that answer are used", async () => {
  await using cluster = new NodeCluster(1)
  // Nothing listens on port 1, which is refused at once.
  const others = Array.from({ length: 1_023 }, (_, i) => `${i + 1}@127.0.0.1:1`)
  const peers = [`0@${cluster.addresses[0]}`, ...others].join(",")
  const node = await cluster.startNode(0, ["--peers", peers])
  expect((await nodeStatus(node)).peers).toHaveLength(1_023)
  using client = await TcpClient.connect(node.tcp)
  const answers = await client.askAll(Array(50).fill({ op: Op.RANDOM }))
  expect(new Set(answers.map(({ value }) => decodeId(value).node))).toEqual(new Set([0]))
})
