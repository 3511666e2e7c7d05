import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test"
import { askUntil } from "../support/deadline.ts"
import { FIRN, FirnProcess, RunningNode, runFirn } from "../support/firn-process.ts"
import { Dialogue } from "../support/command.ts"
import { shareNode } from "../support/shared-node.ts"
import { TempDir } from "../support/temp-dir.ts"
import { pemFile } from "../support/tls-front.ts"
import { tlsArgs } from "../support/tls-node.ts"

setDefaultTimeout(30_000)

/** What `firn bench --json` prints, as far as it is looked at. */
interface Report {
  readonly servers: string[]
  readonly seconds: number
  readonly requests: number
  readonly refused: number
  readonly requestsPerSecond: number
  readonly idsPerSecond: number
  readonly latencyUs: Readonly<Record<"p50" | "p99" | "p999" | "max", number>>
}

let node: RunningNode
shareNode(3, (started) => (node = started))

async function bench(...args: string[]): Promise<Report> {
  const { exit, stdout, stderr } = await runFirn(["bench", "--seconds", "1", "--json", ...args])
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: expect.stringContaining("requests/s") })
  return JSON.parse(stdout) as Report
}

describe("firn bench", () => {
  test.each(["frames", "redis", "http"])("measures ids by %s", async (protocol) => {
    const size = ["--connections", "10", "--depth", "4", "--count", "2"]
    const report = await bench("--server", node.tcp, "--protocol", protocol, ...size)
    const { servers, seconds, requests, refused, latencyUs } = report
    // It has asked where the node listens for what it is to speak.
    expect(servers).toEqual([protocol === "http" ? node.http : node.tcp])
    expect(refused).toBe(0)
    expect(requests).toBeGreaterThan(100)
    expect(report.requestsPerSecond).toBeCloseTo(requests / seconds, 5)
    expect(report.idsPerSecond).toBeCloseTo((2 * requests) / seconds, 5)
    expect(latencyUs.p50).toBeLessThanOrEqual(latencyUs.p99)
    expect(latencyUs.p99).toBeLessThanOrEqual(latencyUs.p999)
    expect(latencyUs.p999).toBeLessThanOrEqual(latencyUs.max)
  })

  test("is told where a node is by its HTTP address as well", async () => {
    const { servers } = await bench("--server", node.http, "--target", "key:a")
    expect(servers).toEqual([node.tcp])
  })

  test("asks at a rate", async () => {
    const { requests, seconds } = await bench("--server", node.tcp, "--rate", "1000")
    expect(requests / seconds).toBeWithin(900, 1_100)
  })

  test("speaks TLS", async () => {
    using dir = new TempDir()
    await using secured = await RunningNode.start(dir.path, ["--node-id", "4", ...tlsArgs()])
    const to = ["--server", secured.tcp.replace("127.0.0.1", "localhost")]
    const { requests } = await bench(...to, "--tls-ca", pemFile("authority"))
    expect(requests).toBeGreaterThan(10)
    const { exit, stderr } = await runFirn(["bench", ...to, "--tls-ca", pemFile("other-authority")])
    expect({ exit, stderr }).toEqual({
      exit: 1,
      stderr: expect.stringMatching(/^error: cannot reach/),
    })
  })

  test("asks at a unix socket", async () => {
    using dir = new TempDir()
    const socket = `unix:${dir.path}/s`
    const where = ["--data-dir", `${dir.path}/d`, "--tcp", socket, "--http", "off"]
    await using local = new FirnProcess(["start", "--node-id", "5", ...where])
    await local.waitForLog("listening")
    expect((await bench("--server", socket)).requests).toBeGreaterThan(10)
    const http = ["bench", "--server", socket, "--protocol", "http"]
    expect(await runFirn(http)).toEqual({
      exit: 1,
      stdout: "",
      stderr: "error: node 5 does not listen for HTTP\n",
    })
  })

  test("says why there are no ids", async () => {
    const args = ["bench", "--server", node.tcp, "--seconds", "1", "--target", "9"]
    for (const [protocol, why] of [
      ["frames", "UNKNOWN_NODE"],
      ["redis", "-ERR UNKNOWN_NODE node 9 is not in this cluster"],
      ["http", "404 Not Found"],
    ] as const) {
      const { exit, stdout, stderr } = await runFirn([...args, "--protocol", protocol])
      expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" })
      expect(stderr).toMatch(/\nerror: \S+ refused every request: [^\n]+\n$/)
      expect(stderr).toEndWith(`: ${why}\n`)
    }
  })

  test.each([
    [["--depth", "0"], 2, "It takes a whole number from 1 to 65536"],
    [["--count", "4097"], 2, "It takes a whole number from 1 to 4096"],
    [["--protocol", "smtp"], 2, "Allowed choices are frames, redis, http"],
    [["--connections", "100000"], 1, "raise it with ulimit -n"],
    [["--server", "127.0.0.1:1"], 1, "cannot reach 127.0.0.1:1: nothing listens there"],
  ])("refuses %j", async (args, code, what) => {
    const limited = ["sh", "-c", 'ulimit -n 1000; exec "$@"', "sh", ...FIRN]
    const options = { program: limited }
    const { exit, stdout, stderr } = await runFirn(["bench", ...args], options)
    expect({ exit, stdout }).toEqual({ exit: code, stdout: "" })
    expect(stderr).toContain(what)
    expect(stderr.trim().split("\n")).toHaveLength(1)
  })
})

describe("firn bench that is ended early", () => {
  let doomed: RunningNode
  const resources = new AsyncDisposableStack()
  beforeAll(async () => {
    const dir = resources.use(new TempDir())
    doomed = resources.use(await RunningNode.start(dir.path, ["--node-id", "6"]))
  })
  afterAll(() => resources.disposeAsync())

  test("by Ctrl-C in a terminal shows what it has", async () => {
    await using terminal = new Dialogue([...FIRN, "bench", "--server", doomed.tcp])
    await terminal.waitFor(/ {3}1 s/)
    terminal.type("\x03")
    await terminal.waitFor(/latency {3}p50 /)
    expect(await terminal.end()).toBe(0)
    // One line that changes, and not one for each second.
    expect(terminal.screen).toContain("\r   1 s")
    expect(terminal.screen).toMatch(/requests {2}[0-9,]+ in [0-9.]+ s: [0-9,]+ a second/)
  })

  test("by a node that goes away says so", async () => {
    await using running = new FirnProcess(["bench", "--server", doomed.tcp])
    const shown = async (): Promise<string> => {
      await new Promise(setImmediate)
      return running.stderr
    }
    await askUntil("the first second", shown, (text) => text.includes(" 1 s "))
    doomed.kill("SIGKILL")
    expect(await running.exit).toBe(1)
    expect(running.stderr).toEndWith(`\nerror: ${doomed.tcp} closed a connection\n`)
  })
})
