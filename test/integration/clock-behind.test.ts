import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test"
import { Op, Status, decodeId, DEFAULT_EPOCH_MS } from "../../protocol/index.ts"
import { run } from "../support/command.ts"
import { within } from "../support/deadline.ts"
import { RunningNode } from "../support/firn-process.ts"
import { seedAhead, storedMark } from "../support/stored-mark.ts"
import { TcpClient, splitAddress } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(30_000)

const HOUR_MS = 3_600_000
/** The default of --max-clock-lead. */
const LEAD_MS = 10_000
/** What may pass while this file runs. */
const SLACK_MS = 60_000

const started = new AsyncDisposableStack()
let node: RunningNode

beforeAll(async () => {
  const dir = started.use(new TempDir())
  seedAhead(dir.path, 7, HOUR_MS)
  node = started.use(await RunningNode.start(dir.path))
})

afterAll(() => started.disposeAsync())

test("a mark an hour ahead refuses frames with the milliseconds that are left", async () => {
  using client = await TcpClient.connect(node.tcp)
  for (const request of [
    {},
    { count: 4_096 },
    { op: Op.NODE, target: 7 },
    { op: Op.RANDOM },
    { op: Op.KEY },
  ]) {
    const { status, value } = await client.ask(request)
    expect(status).toBe(Status.CLOCK_BEHIND)
    expect(Number(value)).toBeLessThanOrEqual(HOUR_MS - LEAD_MS)
    expect(Number(value)).toBeGreaterThan(HOUR_MS - LEAD_MS - SLACK_MS)
  }
})

test("what needs no new id is answered all the same", async () => {
  using client = await TcpClient.connect(node.tcp)
  const [ping, epoch, clock] = await client.askAll([
    { op: Op.PING, count: 0 },
    { op: Op.EPOCH, count: 0 },
    { op: Op.CLOCK, count: 0 },
  ])
  expect(ping!.status).toBe(Status.OK)
  expect(epoch).toEqual({ status: Status.OK, value: BigInt(DEFAULT_EPOCH_MS) })
  expect(Math.abs(Number(clock!.value) - Date.now())).toBeLessThan(10_000)
  expect((await client.ask({ op: Op.NODE, target: 8 })).status).toBe(Status.UNKNOWN_NODE)
})

test.each(["/lunique", "/lunique?n=5", "/dunique", "/readyz"])(
  "%s is 503 with the seconds that are left in Retry-After",
  async (path) => {
    const response = await fetch(`http://${node.http}${path}`)
    expect(response.status).toBe(503)
    expect(await response.text()).toMatch(/^CLOCK_BEHIND: [^\n]+\n$/)
    const retryAfter = Number(response.headers.get("retry-after"))
    expect(retryAfter).toBeLessThanOrEqual((HOUR_MS - LEAD_MS) / 1_000)
    expect(retryAfter).toBeGreaterThan((HOUR_MS - LEAD_MS - SLACK_MS) / 1_000)
  },
)

test("/healthz and /decode are 200: the process is well", async () => {
  expect((await fetch(`http://${node.http}/healthz`)).status).toBe(200)
  expect((await fetch(`http://${node.http}/decode/1`)).status).toBe(200)
})

testWith("nc")("text lines say the same in words", async () => {
  const { hostname, port } = splitAddress(node.tcp)
  const { stdout } = await run(
    ["nc", "-N", hostname, `${port}`],
    "lunique\ndunique key a 2\nepoch\n",
  )
  expect(stdout).toMatch(/^(ERR CLOCK_BEHIND [^\n]+\n){2}1767225600000\n$/)
})

test("the log says once why there are no ids", async () => {
  const line = await node.waitForLog("not-ready")
  expect(line.msg).toStartWith("CLOCK_BEHIND: ")
  expect(node.logged("not-ready")).toHaveLength(1)
})

test("a node that gave out nothing leaves the mark as it found it", async () => {
  using ahead = new TempDir()
  seedAhead(ahead.path, 7, HOUR_MS)
  const mark = storedMark(ahead.path)
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    await using running = await RunningNode.start(ahead.path)
    using client = await TcpClient.connect(running.tcp)
    expect((await client.ask()).status).toBe(Status.CLOCK_BEHIND)
    running.kill(signal)
    expect(await within("the end", running.exit)).toBe(0)
    expect(storedMark(ahead.path)).toBe(mark)
  }
})

test("a lead within the limit gives ids at once, all past the mark", async () => {
  using ahead = new TempDir()
  seedAhead(ahead.path, 7, 5_000)
  const mark = storedMark(ahead.path)
  await using running = await RunningNode.start(ahead.path)
  using client = await TcpClient.connect(running.tcp)
  const { status, value } = await client.ask()
  expect(status).toBe(Status.OK)
  expect(decodeId(value).time).toBe(mark)
  expect((await fetch(`http://${running.http}/readyz`)).status).toBe(200)
})

test("a node comes back by itself when its clock has caught up", async () => {
  using ahead = new TempDir()
  seedAhead(ahead.path, 7, 2_500)
  const mark = storedMark(ahead.path)
  await using running = await RunningNode.start(ahead.path, ["--max-clock-lead", "1000"])
  using client = await TcpClient.connect(running.tcp)
  expect((await client.ask()).status).toBe(Status.CLOCK_BEHIND)
  expect((await fetch(`http://${running.http}/readyz`)).status).toBe(503)
  await running.waitForLog("ready")
  const { status, value } = await client.ask()
  expect(status).toBe(Status.OK)
  expect(decodeId(value).time).toBeGreaterThanOrEqual(mark)
  expect((await fetch(`http://${running.http}/readyz`)).status).toBe(200)
})
