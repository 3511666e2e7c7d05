import { expect, setDefaultTimeout } from "bun:test"
import { Op, Status } from "../../protocol/index.ts"
import { askUntil, within } from "../support/deadline.ts"
import { SCENARIO_TIMEOUT_MS, report, sized } from "../support/fault-run.ts"
import { RunningNode, runFirn } from "../support/firn-process.ts"
import { IdRecord } from "../support/id-record.ts"
import { Load } from "../support/load.ts"
import { testAllowed } from "../support/privileges.ts"
import { TcpClient } from "../support/tcp-client.ts"
import { TestDisk } from "../support/test-disk.ts"

setDefaultTimeout(SCENARIO_TIMEOUT_MS)

/** How long a disk stays full or stalled once it has shown. */
const HOLD_MS = sized(0, 2_000)
/** Longer than a mark lasts, which is 3 s: whoever gives ids after it has stored a new one. */
const PAST_MARK_MS = sized(4_000, 8_000)
/** For each stall of the disk, whether the node is killed in it. */
const STALLS = sized([false], [false, true])
const FAILURES = sized(1, 2)
/** How long an answer that needs no disk may take while the disk stalls, under this load. */
const AT_ONCE_MS = 2_000

const NODE = ["--node-id", "3"]
const ARGS = ["--tcp", "127.0.0.1:0", "--http", "off"]

/** A node whose data are on a disk of the test, and clients that keep asking it. */
class LoadedNode implements AsyncDisposable {
  readonly node: RunningNode
  readonly client: TcpClient
  readonly #load: Load

  private constructor(node: RunningNode, client: TcpClient, load: Load) {
    this.node = node
    this.client = client
    this.#load = load
  }

  static async start(disk: TestDisk, record: IdRecord): Promise<LoadedNode> {
    record.newLife("node")
    const node = await RunningNode.start(`${disk.path}/node`, NODE, { program: disk.firn })
    const load = await Load.start(node.tcp, { connections: 16, depth: 2, count: 50, record })
    return new LoadedNode(node, await TcpClient.connect(node.tcp), load)
  }

  async expectIds(): Promise<void> {
    await this.waitFor(Status.OK)
    await this.#load.receive(10_000)
  }

  async waitFor(wanted: Status): Promise<void> {
    await askUntil(
      `status ${wanted}`,
      () => this.client.ask(),
      ({ status }) => status === wanted,
    )
  }

  /** Waits until the mark is used up; what needs no id is answered all the same. */
  async expectOutage(): Promise<void> {
    await this.waitFor(Status.NOT_READY)
    await this.node.waitForLog("not-ready")
    const startMs = performance.now()
    expect((await this.client.ask({ op: Op.PING, count: 0 })).status).toBe(Status.OK)
    expect(performance.now() - startMs).toBeLessThan(AT_ONCE_MS)
    const ready = await fetch(`http://${this.node.http}/readyz`)
    expect({ status: ready.status, text: await ready.text() }).toEqual({
      status: 503,
      text: expect.stringMatching(
        /^NOT_READY: the mark cannot be stored(: ids would be \d+ ms behind the clock)?\n$/,
      ),
    })
    expect([...this.#load.refusals.keys()]).toEqual([Status.NOT_READY])
    await Bun.sleep(HOLD_MS)
    await this.waitFor(Status.NOT_READY)
  }

  get refused(): number {
    return this.#load.refused
  }

  async kill(): Promise<void> {
    this.node.kill("SIGKILL")
    await within("the end after SIGKILL", this.node.exit)
    await this.#load.closed()
  }

  async stop(): Promise<void> {
    await this.#load.stop()
    expect(await this.node.stop()).toBe(0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#load[Symbol.dispose]()
    this.client[Symbol.dispose]()
    await this.node[Symbol.asyncDispose]()
  }
}

/** Starts a node, expects ids of it, and stops it. */
async function serve(disk: TestDisk, record: IdRecord): Promise<void> {
  await using loaded = await LoadedNode.start(disk, record)
  await loaded.expectIds()
  await loaded.stop()
}

/** Starts a node and expects it to refuse, with the file and what is wrong with it in its one line. */
async function expectRefused(
  disk: TestDisk,
  name: string,
  code: string,
  file = "node.sqlite",
): Promise<void> {
  const args = ["start", "--data-dir", `${disk.path}/${name}`, ...NODE, ...ARGS]
  const { exit, stdout, stderr } = await runFirn(args, { program: disk.firn })
  expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" })
  expect(stderr).toMatch(/^error: .+\n$/)
  expect(stderr).toContain(`${name}/${file} cannot be used: `)
  expect(stderr).toContain(`(${code})`)
}

testAllowed("mounts")(
  "a disk that is full disturbs no node that runs, and a start on it is refused",
  async () => {
    using record = new IdRecord()
    await using disk = await TestDisk.inMemory("64k")
    {
      await using loaded = await LoadedNode.start(disk, record)
      await loaded.expectIds()
      await disk.fill()
      // The journal has the room it needs since the first write.
      await Bun.sleep(PAST_MARK_MS)
      await loaded.expectIds()
      expect(loaded.refused).toBe(0)
      expect(loaded.node.logged("mark-not-stored")).toEqual([])
      await loaded.kill()
    }
    await disk.fill()
    // The killed node has left its journal behind, and so the room for it, and room for a mark.
    await serve(disk, record)
    await disk.fill()
    await expectRefused(disk, "node", "SQLITE_FULL")
    await expectRefused(disk, "other", "SQLITE_FULL")
    await disk.empty()
    await serve(disk, record)
    const { ids, duplicates, overlaps } = record.verify()
    report("full disk", { "starts refused": 2, ids, duplicates, overlaps })
  },
)

testAllowed("mounts")(
  "a start in a read-only directory is refused, and harms nothing",
  async () => {
    using record = new IdRecord()
    await using disk = await TestDisk.inMemory("64k")
    for (let round = 0; round < 2; round++) {
      await serve(disk, record)
      await disk.setReadOnly(true)
      await expectRefused(disk, "node", "EROFS", "node.owner")
      await expectRefused(disk, "other", "EROFS")
      await disk.setReadOnly(false)
    }
    const { ids, duplicates, overlaps } = record.verify()
    report("read-only directory", { "starts refused": 4, ids, duplicates, overlaps })
  },
)

testAllowed("loop devices")(
  "a disk that stalls stops the ids at the mark and nothing else; they come back with it",
  async () => {
    using record = new IdRecord()
    await using disk = await TestDisk.ext4("8M")
    let refused = 0
    for (const isKilled of STALLS) {
      await using loaded = await LoadedNode.start(disk, record)
      await loaded.expectIds()
      let killing: Promise<void> | undefined
      {
        await using _ = await disk.freeze()
        await loaded.expectOutage()
        // A process whose write hangs in the kernel ends when the write does.
        if (isKilled) killing = loaded.kill()
      }
      if (isKilled) await killing
      else {
        await loaded.node.waitForLog("ready")
        await loaded.expectIds()
        await loaded.stop()
      }
      refused += loaded.refused
    }
    await serve(disk, record)
    const { ids, duplicates, overlaps } = record.verify()
    report("stalled disk", { stalls: STALLS.length, refused, ids, duplicates, overlaps })
  },
)

testAllowed("loop devices")(
  "a disk that fails stops the ids at the mark; mended, they go on above",
  async () => {
    using record = new IdRecord()
    await using disk = await TestDisk.ext4("8M")
    let refused = 0
    for (let failure = 0; failure < FAILURES; failure++) {
      await using loaded = await LoadedNode.start(disk, record)
      await loaded.expectIds()
      await disk.fail()
      await loaded.node.waitForLog("mark-not-stored")
      await loaded.expectOutage()
      await loaded.kill()
      await disk.repair()
      refused += loaded.refused
    }
    await serve(disk, record)
    const { ids, duplicates, overlaps } = record.verify()
    report("failed disk", { failures: FAILURES, refused, ids, duplicates, overlaps })
  },
)
