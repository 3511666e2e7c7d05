import { expect, setDefaultTimeout, test } from "bun:test"
import { renameSync } from "node:fs"
import { Status, decodeId } from "../../protocol/index.ts"
import { nodeFilePath } from "../../server/storage/sqlite/node-file.ts"
import { askUntil } from "../support/deadline.ts"
import { RunningNode } from "../support/firn-process.ts"
import { expectIncreasing } from "../support/ids.ts"
import { storedMark } from "../support/stored-mark.ts"
import { TcpClient } from "../support/tcp-client.ts"
import type { Answer } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"

setDefaultTimeout(60_000)

const NODE = ["--node-id", "3"]

/** The mark is at most 3 s ahead; the rest is for a machine that is busy. */
const MARK_USED_UP_MS = 6_000

/** Asks for ids and keeps the first and the last of each answer. */
class Asker {
  readonly ids: bigint[] = []
  readonly #client: TcpClient

  constructor(client: TcpClient) {
    this.#client = client
  }

  async ask(count = 1): Promise<Answer> {
    const answer = await this.#client.ask({ count })
    if (answer.status !== Status.OK) return answer
    this.ids.push(answer.value)
    if (count > 1) this.ids.push(answer.value + BigInt(count - 1))
    return answer
  }

  /** Asks until the clock has reached the mark, or there is not one id left below it; the refusal. */
  async useUpMark(): Promise<Answer> {
    const isRefused = ({ status }: Answer): boolean => status !== Status.OK
    // Blocks first, since the last millisecond alone has 4,096 ids; single ones for what they leave.
    await askUntil("a refusal", () => this.ask(100), isRefused, MARK_USED_UP_MS)
    return await askUntil("the last refusal", () => this.ask(), isRefused)
  }

  get lastTime(): number {
    return decodeId(this.ids.at(-1)!).time
  }
}

test.concurrent(
  "ids go on up to the mark when it cannot be stored, and come back by themselves",
  async () => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, NODE)
    const path = nodeFilePath(dir.path)
    using client = await TcpClient.connect(node.tcp)
    const asker = new Asker(client)

    for (const round of [1, 2]) {
      renameSync(path, dir.at("away"))
      await node.waitForLog("mark-not-stored", round)
      // The mark stored last holds a while longer.
      expect((await asker.ask()).status).toBe(Status.OK)
      expect(await asker.useUpMark()).toEqual({ status: Status.NOT_READY, value: 0n })
      const response = await fetch(`http://${node.http}/lunique`)
      expect(response.status).toBe(503)
      expect(response.headers.get("retry-after")).toBe("1")
      expect(await response.text()).toMatch(/^NOT_READY: [^\n]+\n$/)
      expect((await fetch(`http://${node.http}/readyz`)).status).toBe(503)
      expect((await fetch(`http://${node.http}/healthz`)).status).toBe(200)
      await node.waitForLog("not-ready", round)

      renameSync(dir.at("away"), path)
      await node.waitForLog("mark-stored", round)
      await askUntil(
        "an id",
        () => asker.ask(),
        ({ status }) => status === Status.OK,
      )
      await node.waitForLog("ready", round)
      expect((await fetch(`http://${node.http}/readyz`)).status).toBe(200)
      // Said when it begins and when it ends, not at every try.
      expect(node.logged("mark-not-stored")).toHaveLength(round)
      expect(node.logged("mark-stored")).toHaveLength(round)
      expect(node.logged("not-ready")).toHaveLength(round)
    }
    expectIncreasing(asker.ids)
    expect(await node.stop()).toBe(0)
    expect(storedMark(dir.path)).toBe(asker.lastTime + 1)
  },
)

test.concurrent(
  "the last id before a refusal is below the mark, and a crash repeats none",
  async () => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, NODE)
    const path = nodeFilePath(dir.path)
    using client = await TcpClient.connect(node.tcp)
    const asker = new Asker(client)
    renameSync(path, dir.at("away"))
    await asker.useUpMark()
    node.kill("SIGKILL")
    await node.exit
    renameSync(dir.at("away"), path)
    expect(storedMark(dir.path)).toBeGreaterThan(asker.lastTime)
    await using next = await RunningNode.start(dir.path)
    using nextClient = await TcpClient.connect(next.tcp)
    expectIncreasing([...asker.ids, (await nextClient.ask()).value])
  },
)

test.concurrent(
  "a stop that cannot store the mark exits with 1 and says so, and repeats no id",
  async () => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, NODE)
    const path = nodeFilePath(dir.path)
    using client = await TcpClient.connect(node.tcp)
    const { value } = await client.ask()
    renameSync(path, dir.at("away"))
    expect(await node.stop()).toBe(1)
    expect(node.log.at(-1)).toMatchObject({ event: "stop-failed" })
    expect(node.stderr).toBe("")
    renameSync(dir.at("away"), path)
    await using next = await RunningNode.start(dir.path)
    using nextClient = await TcpClient.connect(next.tcp)
    expect((await nextClient.ask()).value).toBeGreaterThan(value)
  },
)
