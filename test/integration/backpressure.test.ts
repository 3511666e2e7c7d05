import { expect, setDefaultTimeout, test } from "bun:test"
import { readFileSync } from "node:fs"
import { COUNT_MAX, REQUEST_SIZE, Status, decodeId } from "../../protocol/index.ts"
import { until, within } from "../support/deadline.ts"
import { RunningNode } from "../support/firn-process.ts"
import { expectDistinct, expectIncreasing } from "../support/ids.ts"
import { TcpClient, eachAnswer, requests } from "../support/tcp-client.ts"
import { TempDir } from "../support/temp-dir.ts"
import { testWith } from "../support/tools.ts"

setDefaultTimeout(60_000)

const NODE = ["--node-id", "1"]
const MB = 2 ** 20

/** The most a node may ever have taken of memory: a third of what its client would make it keep. */
const MEMORY_MAX_MB = 150

/** The most memory the process has had so far. */
function peakMemoryMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8")
  return Number(/^VmHWM:\s+([0-9]+) kB$/m.exec(status)![1]) / 1_024
}

/**
 * Sends `piece` until the node has taken no more for a second, or `limit` bytes are out.
 * @returns how many bytes it was given; the last piece may still be on its way
 */
async function sendUntilBlocked(
  client: TcpClient,
  piece: Uint8Array,
  limit: number,
): Promise<number> {
  for (let sent = piece.length; sent <= limit; sent += piece.length) {
    try {
      await within("room for more", client.send(piece), 1_000)
    } catch {
      return sent
    }
  }
  throw new Error(`the node took ${limit} bytes from a client that does not read`)
}

testWith("/proc")("a client that never reads is not read from, and loses nothing", async () => {
  using dir = new TempDir()
  await using node = await RunningNode.start(dir.path, NODE)
  using client = await TcpClient.connect(node.tcp)
  client.pause()
  const piece = requests(Array(8_192).fill({}))
  const sent = await sendUntilBlocked(client, piece, 64 * MB)
  expect(peakMemoryMb(node.pid)).toBeLessThan(MEMORY_MAX_MB)

  // Others are served meanwhile.
  using other = await TcpClient.connect(node.tcp)
  const { value } = await other.ask()

  const ids: bigint[] = []
  let refused = 0
  client.receiver = {
    takeFrames: eachAnswer(({ status, value: id }) => {
      if (status === Status.OK) ids.push(id)
      else refused++
    }),
    ended: () => {},
  }
  client.resume()
  await client.halfClose()
  expect(await within("the end", client.closed)).toBeUndefined()
  expect({ answers: ids.length, refused }).toEqual({ answers: sent / REQUEST_SIZE, refused: 0 })
  expectIncreasing(ids)
  expectDistinct([ids, [value]])
  expect(peakMemoryMb(node.pid)).toBeLessThan(MEMORY_MAX_MB)
})

testWith("/proc")(
  "a client that asks for pages of text and never reads costs no memory",
  async () => {
    using dir = new TempDir()
    await using node = await RunningNode.start(dir.path, NODE)
    using client = await TcpClient.connect(node.tcp)
    client.pause()
    // Each line of 13 bytes asks for 80 kB.
    const piece = new TextEncoder().encode("lunique 4096\n".repeat(5_000))
    await sendUntilBlocked(client, piece, 64 * MB)
    expect(peakMemoryMb(node.pid)).toBeLessThan(MEMORY_MAX_MB)
    using other = await TcpClient.connect(node.tcp)
    expect((await other.ask()).status).toBe(Status.OK)
  },
)

test("clients that ask for more than there is do not keep others from being answered", async () => {
  using dir = new TempDir()
  await using node = await RunningNode.start(dir.path, NODE)
  await using flood = await Flood.start(node.tcp)
  using client = await TcpClient.connect(node.tcp)
  const ids: bigint[] = []
  for (let i = 0; i < 20; i++) {
    const { status, value } = await client.ask()
    expect(status).toBe(Status.OK)
    ids.push(value)
    const response = await within("HTTP beside the flood", fetch(`http://${node.http}/lunique`))
    expect(response.status).toBe(200)
    ids.push(BigInt(await response.text()))
  }
  expectIncreasing(ids)
  // Blocks come one a millisecond: the limit of the format is reached, or this test shows nothing.
  await until("an answer for every client of the flood", () => flood.starved.length === 0)
  await until("more blocks than clients", () => flood.blocks.length > 100)
  expectDistinct([ids, flood.blocks])
  expect(new Set(flood.blocks.map((id) => decodeId(id).time)).size).toBe(flood.blocks.length)
})

/** 64 connections that keep asking for whole milliseconds. */
class Flood implements AsyncDisposable {
  /** The first ids of all blocks. */
  readonly blocks: bigint[] = []
  readonly #clients: readonly TcpClient[]
  readonly #answered: number[]

  private constructor(clients: readonly TcpClient[]) {
    this.#clients = clients
    this.#answered = clients.map(() => 0)
    const request = requests([{ count: COUNT_MAX }])
    for (const [i, client] of clients.entries()) {
      client.receiver = {
        takeFrames: eachAnswer(({ value }) => {
          this.blocks.push(value)
          this.#answered[i]! += 1
          void client.send(request)
        }),
        ended: () => {},
      }
      void client.send(requests(Array(8).fill({ count: COUNT_MAX })))
    }
  }

  static async start(address: string): Promise<Flood> {
    const connecting = Array.from({ length: 64 }, () => TcpClient.connect(address))
    return new Flood(await Promise.all(connecting))
  }

  /** The connections that have got nothing. */
  get starved(): number[] {
    return this.#answered.flatMap((count, i) => (count === 0 ? [i] : []))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client[Symbol.dispose]()
    await Promise.all(this.#clients.map(({ closed }) => closed))
  }
}
