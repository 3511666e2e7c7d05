import { expect, setDefaultTimeout, test } from "bun:test"
import { DEFAULT_EPOCH_MS, Status, decodeId } from "../../protocol/index.ts"
import { within } from "../support/deadline.ts"
import type { RunningNode } from "../support/firn-process.ts"
import { shareNode } from "../support/shared-node.ts"
import { expectIncreasing } from "../support/ids.ts"
import { TcpClient, requests } from "../support/tcp-client.ts"
import type { Answer, RequestFields } from "../support/tcp-client.ts"

setDefaultTimeout(30_000)

const NODE_ID = 5
const PING = { op: 5, count: 0 }

let node: RunningNode
shareNode(NODE_ID, (started) => (node = started))

type Fields = Required<RequestFields>

/** The answer by the tables of `protocol/README.md`; without `value` where that is the node's choice. */
function expected({ op, flags, count, target }: Fields): { status: number; value?: bigint } {
  const bad = (offset: bigint): { status: number; value: bigint } => ({ status: 1, value: offset })
  if (op === 0 || op > 7) return bad(0n)
  if (flags > 1) return bad(1n)
  if (op <= 4 ? count === 0 || count > 4096 : count !== 0) return bad(2n)
  if (target !== 0 && op !== 2 && op !== 4) return bad(4n)
  if (op === 2 && target !== NODE_ID) {
    return flags === 1
      ? { status: 8, value: BigInt(NODE_ID) }
      : { status: 2, value: BigInt(target) }
  }
  if (op === 6) return { status: 0, value: BigInt(DEFAULT_EPOCH_MS) }
  return { status: 0 }
}

test("every op with odd flags, counts and targets gets the right answer, and the stream stays in step", async () => {
  const list: Fields[] = []
  for (let op = 0; op < 256; op++) {
    for (const flags of [0, 1, 2, 3, 0x80, 0xff]) {
      for (const count of [0, 1, 2, 4096, 4097, 65_535]) {
        for (const target of [0, NODE_ID, NODE_ID + 1, 1024, 2 ** 32 - 1]) {
          list.push({ op, flags, count, target })
        }
      }
    }
  }
  using client = await TcpClient.connect(node.tcp)
  const answers = await client.askAll(list)
  const ids: bigint[] = []
  for (const [i, fields] of list.entries()) {
    const answer = answers[i]!
    const wanted = { request: fields, value: answer.value, ...expected(fields) }
    expect({ request: fields, ...answer }).toEqual(wanted)
    if (answer.status === Status.OK && fields.op <= 4) ids.push(...blockOf(answer, fields.count))
    if (answer.status === Status.OK && fields.op === 5) {
      expect(answer.value >> 48n).toBe(BigInt(NODE_ID))
    }
    if (answer.status === Status.OK && fields.op === 7) {
      expect(Math.abs(Number(answer.value) - Date.now())).toBeLessThan(20_000)
    }
  }
  expectIncreasing(ids)
})

/** The ids of a block. Expects its last one to be of the same millisecond. */
function blockOf({ value }: Answer, count: number): bigint[] {
  const first = decodeId(value)
  const last = decodeId(value + BigInt(count - 1))
  expect(first.node).toBe(NODE_ID)
  expect(last).toEqual({ ...first, sequence: first.sequence + count - 1 })
  return Array.from({ length: count }, (_, i) => value + BigInt(i))
}

test("the first byte of a connection alone decides between frames and text", async () => {
  const ask = async (firstByte: number): Promise<void> => {
    using client = await TcpClient.connect(node.tcp)
    const isText = firstByte >= 0x20 && firstByte <= 0x7e
    // As text these are a line of 8 bytes with its LF: one character or a blank, then zeros.
    const bytes = Uint8Array.of(firstByte, 0, 0, 0, 0, 0, 0, 0x0a)
    await client.send(bytes)
    await client.halfClose()
    await within("the end", client.closed)
    if (isText) {
      // A line that begins with ERR is longer than one answer of 9 bytes.
      expect(client.unclaimed.length + client.keptBytes).toBeGreaterThan(1)
    } else {
      const answers = client.unclaimed.map(({ status }) => status)
      expect({ firstByte, answers, kept: client.keptBytes }).toEqual({
        firstByte,
        answers: [Status.BAD_REQUEST],
        kept: 0,
      })
    }
  }
  await Promise.all(Array.from({ length: 256 }, (_, firstByte) => ask(firstByte)))
})

test("requests that arrive one byte at a time are answered like any other", async () => {
  using client = await TcpClient.connect(node.tcp)
  const list = [{}, PING, { count: 3 }, { op: 0xee }, { op: 6, count: 0 }, { op: 2, target: 9 }]
  for (const byte of requests(list)) {
    await client.send(Uint8Array.of(byte))
    // A turn of the event loop, so that the bytes leave in pieces.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const answers = await client.receive(list.length)
  expect(answers.map(({ status }) => status)).toEqual([0, 0, 0, 1, 0, 2])
  expect(answers[4]!.value).toBe(BigInt(DEFAULT_EPOCH_MS))
})

test("3,000 requests in one write get 3,000 answers", async () => {
  using client = await TcpClient.connect(node.tcp)
  const answers = await client.askAll(Array<RequestFields>(3_000).fill({}))
  expect(answers.every(({ status }) => status === Status.OK)).toBe(true)
  expectIncreasing(answers.map(({ value }) => value))
})

test("requests cut at odd places are answered, whatever the size of the pieces", async () => {
  const list = Array.from({ length: 500 }, (_, i) => (i % 3 === 0 ? PING : { count: 1 + (i % 7) }))
  const bytes = requests(list)
  await Promise.all(
    [3, 7, 9, 13, 1_001].map(async (size) => {
      using client = await TcpClient.connect(node.tcp)
      for (let at = 0; at < bytes.length; at += size) {
        await client.send(bytes.slice(at, at + size))
        await new Promise((resolve) => setImmediate(resolve))
      }
      const answers = await client.receive(list.length)
      expectIncreasing(answers.filter((_, i) => list[i] !== PING).map(({ value }) => value))
    }),
  )
})

test("a client that closes its side is answered first; an unfinished request gets nothing", async () => {
  for (const left of [0, 1, 7]) {
    using client = await TcpClient.connect(node.tcp)
    const whole = requests([{}, PING, {}, PING, {}])
    await client.send(new Uint8Array([...whole, ...Array<number>(left).fill(1)]))
    await client.halfClose()
    expect(await within("the end", client.closed)).toBeUndefined()
    expect(client.unclaimed).toHaveLength(5)
    expect(client.keptBytes).toBe(0)
  }
})

test("a client that closes its side while ids are used up gets every one it asked for", async () => {
  using client = await TcpClient.connect(node.tcp)
  await client.send(requests(Array<RequestFields>(100).fill({ count: 4096 })))
  await client.halfClose()
  expect(await within("the end", client.closed)).toBeUndefined()
  expect(client.unclaimed).toHaveLength(100)
  expectIncreasing(client.unclaimed.map(({ value }) => value))
})

test("a connection on which nothing is said closes when the client closes", async () => {
  using client = await TcpClient.connect(node.tcp)
  await client.halfClose()
  expect(await within("the end", client.closed)).toBeUndefined()
  expect(client.unclaimed).toEqual([])
})

test("a client that resets its connection in the middle harms nobody", async () => {
  for (let i = 0; i < 20; i++) {
    const client = await TcpClient.connect(node.tcp)
    void client.send(requests(Array<RequestFields>(200).fill({ count: 4096 })))
    if (i % 2 === 0) await client.receive(1)
    client[Symbol.dispose]()
  }
  using client = await TcpClient.connect(node.tcp)
  expect((await client.ask()).status).toBe(Status.OK)
  expect(node.log.filter(({ level }) => level >= 50)).toEqual([])
})
