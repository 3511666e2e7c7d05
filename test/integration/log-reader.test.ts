import { expect, setDefaultTimeout } from "bun:test"
import { closeSync, constants, mkdirSync, openSync, readSync, writeFileSync } from "node:fs"
import { Status } from "../../protocol/index.ts"
import { FreePorts } from "../../server/supervisor/free-ports.ts"
import { Dialogue, runOrThrow } from "../support/command.ts"
import { askUntil, within } from "../support/deadline.ts"
import { FIRN } from "../support/firn-process.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(60_000)

/** A line of almost 2 KiB for each: more than a pipe and the node itself have room for. */
const HANG_UPS = 400

/** A pipe whose reader is there and reads only when it is told to. */
class Pipe implements Disposable {
  readonly writeEnd: number
  readonly #readEnd: number

  static async make(path: string): Promise<Pipe> {
    await runOrThrow(["mkfifo", path])
    return new Pipe(path)
  }

  private constructor(path: string) {
    this.#readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    this.writeEnd = openSync(path, constants.O_WRONLY)
  }

  /** All that is in it now. */
  read(): string {
    const bytes = Buffer.alloc(1_048_576)
    let text = ""
    for (;;) {
      try {
        const length = readSync(this.#readEnd, bytes)
        if (length === 0) return text
        text += bytes.toString("utf8", 0, length)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EAGAIN") return text
        throw error
      }
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#readEnd)
  }
}

testWith("/proc")(
  "a reader of the log that stands still stops nothing, and is told what it missed",
  async () => {
    using dir = new TempDir()
    using ports = new FreePorts(1, Math.random)
    using pipe = await Pipe.make(dir.at("log"))
    const address = `127.0.0.1:${ports.take()}`
    // What is wrong with the file is told with its path, twice.
    const names = ["a", "b", "c"].map((letter) => letter.repeat(250))
    mkdirSync(dir.at(...names), { recursive: true })
    const peers = dir.at(...names, "peers")
    writeFileSync(peers, `7@${address}\n`)
    const own = [
      "start",
      "--node-id",
      "7",
      "--tcp",
      address,
      "--http",
      "off",
      "--peers-file",
      peers,
    ]
    const node = Bun.spawn([...FIRN, ...own, "--data-dir", dir.at("node")], {
      stdin: "ignore",
      stdout: pipe.writeEnd,
      stderr: "inherit",
    })
    try {
      const connect = () => TcpClient.connect(address).catch(() => undefined)
      using client = (await askUntil(
        "the node to listen",
        connect,
        (found) => found !== undefined,
      ))!
      writeFileSync(peers, "nonsense\n")
      for (let i = 0; i < HANG_UPS; i++) {
        node.kill("SIGHUP")
        // Signals that come together are one: each has to be seen.
        expect((await client.ask()).status).toBe(Status.OK)
      }
      let read = ""
      const all = await askUntil(
        "the line about what was dropped",
        () => Promise.resolve((read += pipe.read())),
        (text) => text.includes("log-lines-dropped"),
      )
      const lines = all
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as { event: string; dropped: number })
      const { dropped } = lines.find(({ event }) => event === "log-lines-dropped")!
      const told = lines.filter(({ event }) => event === "peers-not-read").length
      expect(dropped).toBeGreaterThan(0)
      // Two signals that came together are one.
      expect(told + dropped).toBeWithin(HANG_UPS / 2, HANG_UPS + 1)
      node.kill("SIGTERM")
      expect(await within("the end", node.exited)).toBe(0)
    } finally {
      node.kill("SIGKILL")
    }
  },
)

testWith("/proc")("a terminal that is stopped by Ctrl-S stops nothing", async () => {
  using dir = new TempDir()
  const ports = ["--tcp", "127.0.0.1:0", "--http", "off"]
  const args = ["start", "--node-id", "7", "--data-dir", dir.path, ...ports]
  await using terminal = new Dialogue([...FIRN, ...args, "--log-level", "debug"])
  const [, address] = await terminal.waitFor(/"tcp":"(127\.0\.0\.1:[0-9]+)"/)
  terminal.type("\x13")
  // A line each as it comes and goes: much more than a terminal has room for.
  for (let i = 0; i < 3_000; i++) {
    using client = await TcpClient.connect(address!)
    expect((await client.ask()).status).toBe(Status.OK)
  }
  terminal.type("\x11")
  await terminal.waitFor(/log lines dropped: [0-9]+; nobody read them/)
  terminal.type("\x03")
  expect(await terminal.end()).toBe(0)
  expect(terminal.screen).toMatch(/stopped[^\n]*\n$/)
})
