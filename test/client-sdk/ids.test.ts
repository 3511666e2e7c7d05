import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { FirnClient } from "../../client-sdk/index.ts"
import { DEFAULT_EPOCH_MS, decodeId, idRangeForTime } from "../../protocol/index.ts"
import { RunningNode } from "../support/firn-process.ts"
import { expectIncreasing } from "../support/ids.ts"
import { shareNode } from "../support/shared-node.ts"
import { TempDir } from "../support/temp-dir.ts"

const NODE_ID = 5

let node: RunningNode
let client: FirnClient
shareNode(NODE_ID, (started) => (node = started))
beforeAll(() => {
  client = new FirnClient({ servers: [node.tcp] })
})
afterAll(() => client.close())

describe("of a real node", () => {
  test("id() is a bigint above the one before, of that node and of now", async () => {
    const fromMs = Date.now()
    const ids: bigint[] = []
    for (let i = 0; i < 20; i++) ids.push(await client.id())
    expectIncreasing(ids)
    const { first, last } = idRangeForTime(fromMs, Date.now(), DEFAULT_EPOCH_MS)
    expect([ids[0]! >= first, ids.at(-1)! <= last]).toEqual([true, true])
    expect(ids.map((id) => decodeId(id).node)).toEqual(ids.map(() => NODE_ID))
  })

  test("calls of one turn are answered in their order", async () => {
    const ids = await Promise.all(Array.from({ length: 5_000 }, () => client.id()))
    expectIncreasing(ids)
  })

  test("idString() is the same in decimal digits", async () => {
    const text = await client.idString()
    expect(text).toMatch(/^[1-9]\d+$/)
    expect(decodeId(text)).toEqual(decodeId(BigInt(text)))
    expect(BigInt(text)).toBeLessThan(await client.id())
  })

  test.each([1, 2, 4_096, 4_097, 10_000])("ids(%d) are as many, increasing", async (count) => {
    const ids = await client.ids(count)
    expect(ids.length).toBe(count)
    expectIncreasing(ids)
    expect(decodeId(ids[0]!).node).toBe(NODE_ID)
  })

  test("ids(1,000,000) are a million different ids, increasing", async () => {
    const ids = await client.ids(1_000_000)
    expect(ids.length).toBe(1_000_000)
    expectIncreasing(ids)
  })

  test("ids(0) are none", async () => {
    expect(await client.ids(0)).toEqual([])
    expect(await client.idStrings(0)).toEqual([])
  })

  test("idStrings() are the same in decimal digits", async () => {
    const texts = await client.idStrings(5_000)
    expect(texts.length).toBe(5_000)
    expect(texts.every((text) => /^[1-9]\d+$/.test(text))).toBe(true)
    expectIncreasing(texts.map(BigInt))
  })

  test("decode() tells time, node, sequence and date, of a bigint and of its text", async () => {
    const fromMs = Date.now()
    const id = await client.id()
    const decoded = await client.decode(id)
    expect(decoded).toEqual({ ...decodeId(id), date: decoded.date })
    expect(decoded.node).toBe(NODE_ID)
    expect(decoded.date.getTime()).toBe(DEFAULT_EPOCH_MS + decoded.time)
    expect(decoded.date.getTime()).toBeWithin(fromMs, Date.now() + 1)
    expect(await client.decode(id.toString())).toEqual(decoded)
  })

  test("an id of its own node and of any live node can be asked for by name, key and chance", async () => {
    const ids = await Promise.all([
      client.id({ node: NODE_ID }),
      client.id({ key: "user:42" }),
      client.id({ random: true }),
      client.id({ random: false }),
    ])
    expect(ids.map((id) => decodeId(id).node)).toEqual(ids.map(() => NODE_ID))
  })
})

test("the epoch is that of the servers, and asked for when nothing else was", async () => {
  using dir = new TempDir()
  const epochMs = Date.UTC(2020, 0, 1)
  const args = ["--node-id", "9", "--epoch", "2020-01-01T00:00:00Z"]
  await using other = await RunningNode.start(dir.path, args)
  await using fresh = new FirnClient({ servers: [other.tcp] })
  expect(await fresh.epoch()).toBe(epochMs)
  const fromMs = Date.now()
  const { date, time } = await fresh.decode(await fresh.id())
  expect(date.getTime()).toBe(epochMs + time)
  expect(date.getTime()).toBeWithin(fromMs, Date.now() + 1)
})
