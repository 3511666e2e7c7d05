import { expect, setDefaultTimeout, test } from "bun:test"
import { scripts } from "../../package.json"
import { decodeId } from "../../protocol/index.ts"
import { Dialogue, runBash } from "../support/command.ts"
import { FIRN, FirnProcess } from "../support/firn-process.ts"
import { storedMark } from "../support/stored-mark.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(30_000)

/** The arguments that `npm start` gives to `firn`. */
const START_ARGS = /^bun server\/main\.ts (.+)$/.exec(scripts.start)![1]!.split(" ")

/** A node as `npm start` starts it, but in a directory and on ports of its own. */
function npmStart(dir: TempDir): FirnProcess {
  const env = { FIRN_TCP: "127.0.0.1:0", FIRN_HTTP: "127.0.0.1:0" }
  return new FirnProcess(START_ARGS, { cwd: dir.path, env })
}

/** The lines it says to try, in their order. */
async function triesOf(firn: FirnProcess): Promise<string[]> {
  await firn.waitForLog("try", 3)
  return firn.logged("try").map(({ msg }) => msg.replace(/^try: /, ""))
}

test("npm start runs node 0 on its data directory and says three things to try", async () => {
  using dir = new TempDir()
  await using firn = npmStart(dir)
  const { tcp, http } = await firn.waitForLog("listening")
  const [host, port] = String(tcp).split(":")
  expect(await triesOf(firn)).toEqual([
    `curl http://${http}/lunique`,
    `printf 'lunique\\nquit\\n' | nc ${host} ${port}`,
    `telnet ${host} ${port}   (then type: lunique, help or quit)`,
  ])
  expect(await firn.stop()).toBe(0)
  expect(storedMark(dir.at("data", "node-0"))).toBe(0)
})

testWith("bash", "curl", "nc").each([
  ["curl", 0],
  ["nc", 1],
])("the line with %s prints an id when it is pasted", async (program, index) => {
  using dir = new TempDir()
  await using firn = npmStart(dir)
  const line = (await triesOf(firn))[index]!
  expect(line).toContain(program)
  const { exitCode, stdout } = await runBash(line)
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/^[0-9]+\n$/)
  expect(decodeId(stdout.trim()).node).toBe(0)
})

testWith("telnet")("the line with telnet does what it promises for each word to type", async () => {
  using dir = new TempDir()
  await using firn = npmStart(dir)
  const [, line, words] = /^(telnet \S+ [0-9]+) +\(then type: (.+)\)$/.exec(
    (await triesOf(firn))[2]!,
  )!
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

test("on a terminal the log is for people, and Ctrl-C ends the node in order", async () => {
  using dir = new TempDir()
  const ports = ["--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0"]
  const args = ["start", "--node-id", "0", "--data-dir", dir.path, ...ports]
  await using firn = new Dialogue([...FIRN, ...args])
  await firn.waitFor(/try: curl http:\/\/127\.0\.0\.1:[0-9]+\/lunique/)
  await firn.waitFor(/try: printf 'lunique\\nquit\\n' \| nc 127\.0\.0\.1 [0-9]+/)
  await firn.waitFor(/try: telnet/)
  expect(firn.screen).not.toContain('{"level"')
  firn.type("\x03")
  expect(await firn.end()).toBe(0)
  expect(firn.screen).toContain("stopped")
  expect(storedMark(dir.path)).toBe(0)
})
