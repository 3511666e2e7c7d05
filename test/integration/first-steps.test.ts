import { expect, setDefaultTimeout, test } from "bun:test"
import { scripts } from "../../package.json"
import { decodeId } from "../../protocol/index.ts"
import { Dialogue, runBash } from "../support/command.ts"
import { RunningNode, runFirn } from "../support/firn-process.ts"
import { ShownFirn } from "../support/shown-firn.ts"
import { storedMark } from "../support/stored-mark.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(30_000)

/** The arguments that `npm start` gives to `firn`. */
const START_ARGS = /^exec bun server\/main\.ts (.+)$/.exec(scripts.start)![1]!.split(" ")

/** The cluster that `npm start` starts, but in a directory and on ports of its own. */
async function npmStart(dir: TempDir): Promise<ShownFirn> {
  const env = { FIRN_TCP_PORT: "0", FIRN_HTTP_PORT: "0", npm_execpath: "npm" }
  return await ShownFirn.start(START_ARGS, { cwd: dir.path, env })
}

test("npm start runs a cluster of four nodes and says five things to try", async () => {
  using dir = new TempDir()
  await using cluster = await npmStart(dir)
  const [first, , , last] = cluster.nodes
  expect(cluster.nodes.map(({ node }) => node)).toEqual(["0", "1", "2", "3"])
  const [host, port] = first!.tcp.split(":")
  expect(cluster.tries).toEqual([
    `curl http://${first!.http}/lunique`,
    `curl 'http://${last!.http}/dunique?target=random'`,
    `printf 'lunique\\nquit\\n' | nc ${host} ${port}`,
    `telnet ${host} ${port}   (then type: lunique, help or quit)`,
    `npx firn status --server ${first!.http}`,
  ])
  expect(await cluster.stop()).toBe(0)
  const marks = cluster.nodes.map(({ node }) => storedMark(dir.at("data", `node-${node}`)))
  expect(marks).toEqual([0, 0, 0, 0])
})

testWith("bash", "curl", "nc").each([
  ["curl and /lunique", 0, [0]],
  ["curl and /dunique", 1, [0, 1, 2, 3]],
  ["nc", 2, [0]],
])("the line with %s prints an id when it is pasted", async (words, index, nodes) => {
  using dir = new TempDir()
  await using cluster = await npmStart(dir)
  const line = cluster.tries[index]!
  for (const word of words.split(" and ")) expect(line).toContain(word)
  const { exitCode, stdout } = await runBash(line)
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/^[0-9]+\n$/)
  expect(nodes).toContain(decodeId(stdout.trim()).node)
})

testWith("telnet")("the line with telnet does what it promises for each word to type", async () => {
  using dir = new TempDir()
  await using cluster = await npmStart(dir)
  const [, line, words] = /^(telnet \S+ [0-9]+) +\(then type: (.+)\)$/.exec(cluster.tries[3]!)!
  expect(words).toBe("lunique, help or quit")
  await using telnet = new Dialogue(line!.split(" "))
  await telnet.waitFor(/Escape character/)
  telnet.type("lunique\r")
  await telnet.waitFor(/^[0-9]{10,}\r?$/m)
  telnet.type("help\r")
  await telnet.waitFor(/^dunique \[/m)
  telnet.type("quit\r")
  await telnet.waitFor(/Connection closed by foreign host/)
})

test("the line with firn status, which npx finds in a checkout, tells of all the others", async () => {
  using dir = new TempDir()
  await using cluster = await npmStart(dir)
  const [npx, firn, ...args] = cluster.tries[4]!.split(" ")
  expect([npx, firn]).toEqual(["npx", "firn"])
  const { exit, stdout, stderr } = await runFirn(args)
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" })
  for (const { tcp } of cluster.nodes.slice(1)) expect(stdout).toContain(tcp)
})

test("a node that logs for programs gives no advice", async () => {
  using dir = new TempDir()
  await using node = await RunningNode.start(dir.path, ["--node-id", "0"])
  expect(await node.stop()).toBe(0)
  expect(node.logged("try")).toEqual([])
})

test("on a terminal a node says what to try as well, for people, and Ctrl-C ends it in order", async () => {
  using dir = new TempDir()
  const ports = ["--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0"]
  const own = ["start", "--node-id", "0", "--data-dir", dir.path]
  await using firn = await ShownFirn.start([...own, ...ports])
  const [curl, nc, telnet] = firn.tries
  expect(curl).toMatch(/^curl http:\/\/127\.0\.0\.1:[0-9]+\/lunique$/)
  expect(nc).toMatch(/^printf 'lunique\\nquit\\n' \| nc 127\.0\.0\.1 [0-9]+$/)
  expect(telnet).toMatch(/^telnet 127\.0\.0\.1 [0-9]+ {3}\(then type: lunique, help or quit\)$/)
  expect(firn.screen).not.toContain('{"level"')
  expect(await firn.stop()).toBe(0)
  expect(firn.screen).toContain("stopped")
  expect(storedMark(dir.path)).toBe(0)
})
