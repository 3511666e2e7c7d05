import { expect, setDefaultTimeout, test } from "bun:test"
import { existsSync, statSync, writeFileSync } from "node:fs"
import { FirnClient } from "../../client-sdk/index.ts"
import { Status } from "../../protocol/index.ts"
import { runBash } from "../support/command.ts"
import { within } from "../support/deadline.ts"
import { RunningNode, runFirn } from "../support/firn-process.ts"
import { ShownFirn } from "../support/shown-firn.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { TRUST, tlsArgs } from "../support/tls-node.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(60_000)

interface Sockets {
  readonly tcp: string
  readonly http: string
  readonly args: string[]
}

function socketsIn(dir: TempDir): Sockets {
  const [tcp, http] = [dir.at("firn.sock"), dir.at("http.sock")]
  return { tcp, http, args: ["--node-id", "7", "--tcp", `unix:${tcp}`, "--http", `unix:${http}`] }
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

testWith(
  "bash",
  "nc",
  "curl",
)("what it says to try works when it is pasted", async () => {
  using dir = new TempDir()
  const { args } = socketsIn(dir)
  await using node = await ShownFirn.start(["start", "--data-dir", dir.at("node"), ...args])
  expect(node.tries).toHaveLength(2)
  for (const line of node.tries) expect((await runBash(line)).stdout).toMatch(/^[0-9]+\n/)
})

test("a node serves whoever may open its sockets", async () => {
  using dir = new TempDir()
  const { tcp, http, args } = socketsIn(dir)
  await using node = await RunningNode.start(dir.at("node"), [...args, "--socket-mode", "660"])
  expect([node.tcp, node.http]).toEqual([`unix:${tcp}`, `unix:${http}`])
  expect([modeOf(tcp), modeOf(http)]).toEqual(["660", "660"])
  await using client = new FirnClient({ servers: [node.tcp] })
  expect((await client.ids(10_000)).length).toBe(10_000)
  const id = await runFirn(["id", "--server", node.tcp])
  expect(id.stdout).toMatch(/^[0-9]+\n$/)
  const status = await runFirn(["status", "--server", node.http])
  expect(status.stdout).toContain("node          7")
  expect(node.logged("exposed")).toEqual([])
  expect(await node.stop()).toBe(0)
  expect([existsSync(tcp), existsSync(http)]).toEqual([false, false])
})

test("only the user of the node may, unless it is told otherwise", async () => {
  using dir = new TempDir()
  const { tcp, args } = socketsIn(dir)
  await using _ = await RunningNode.start(dir.at("node"), args)
  expect(modeOf(tcp)).toBe("600")
})

test("a socket that a killed node has left is taken; one that is used, or no socket, is not", async () => {
  using dir = new TempDir()
  const { tcp, args } = socketsIn(dir)
  const first = await RunningNode.start(dir.at("node"), args)
  await first[Symbol.asyncDispose]()
  expect(existsSync(tcp)).toBe(true)
  await using second = await RunningNode.start(dir.at("node"), args)
  using client = await TcpClient.connect(second.tcp)
  expect((await client.ask()).status).toBe(Status.OK)

  const other = ["start", "--data-dir", dir.at("other"), "--node-id", "8", "--http", "off"]
  const used = await runFirn([...other, "--tcp", `unix:${tcp}`])
  expect([used.exit, used.stderr]).toEqual([
    1,
    `error: cannot listen for TCP on unix:${tcp}: it is in use by another process\n`,
  ])
  writeFileSync(dir.at("file"), "mine")
  const file = await runFirn([...other, "--tcp", `unix:${dir.at("file")}`])
  expect([file.exit, file.stderr]).toEqual([
    1,
    `error: cannot listen for TCP on unix:${dir.at("file")}: there is a file that is no socket\n`,
  ])
  expect((await client.ask()).status).toBe(Status.OK)
})

test("a socket has TLS like a port, and its certificate is renewed", async () => {
  using dir = new TempDir()
  const { args } = socketsIn(dir)
  await using node = await RunningNode.start(dir.at("node"), [...args, ...tlsArgs()])
  using before = await TcpClient.connect(node.tcp, { ...TRUST, serverName: "localhost" })
  node.kill("SIGHUP")
  await node.waitForLog("certificate-read")
  using after = await TcpClient.connect(node.tcp, { ...TRUST, serverName: "localhost" })
  for (const client of [before, after]) expect((await client.ask()).status).toBe(Status.OK)
  await within("the end", node.stop())
})

test("nodes of a cluster cannot reach one, so that it is refused", async () => {
  using dir = new TempDir()
  const { tcp, args } = socketsIn(dir)
  const peers = ["--peers", "7@10.0.0.1:6454,8@10.0.0.2:6454"]
  const refused = await runFirn(["start", "--data-dir", dir.at("node"), ...args, ...peers])
  expect([refused.exit, refused.stderr]).toEqual([
    2,
    `error: other nodes cannot reach unix:${tcp}: --tcp takes HOST:PORT in a cluster\n`,
  ])
  expect(existsSync(dir.at("node"))).toBe(false)
})
