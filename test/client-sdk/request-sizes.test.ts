import { expect, test } from "bun:test"
import { FirnClient } from "../../client-sdk/index.ts"
import { Op, Status, keyHash } from "../../protocol/index.ts"
import { responseBytes } from "../support/fake-peer.ts"
import { failureOf } from "../support/firn-failure.ts"
import { expectIncreasing } from "../support/ids.ts"
import { ANY_ADDRESS, TcpPeer, checkedAs, givingIds } from "../support/tcp-peer.ts"

/** What a call asked a server for. */
async function requestsOf(
  call: (client: FirnClient) => Promise<unknown>,
): Promise<{ op: number; count: number; target: number }[]> {
  using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
  await using client = new FirnClient({ servers: [peer.address] })
  await call(client)
  return peer.idRequests.map(({ op, count, target }) => ({ op, count, target }))
}

test.each([
  [0, []],
  [1, [1]],
  [4_095, [4_095]],
  [4_096, [4_096]],
  [4_097, [4_096, 1]],
  [8_192, [4_096, 4_096]],
  [8_193, [4_096, 4_096, 1]],
  [1_000_000, [...Array<number>(244).fill(4_096), 576]],
])("ids(%d) are asked for in one request for every 4,096", async (count, counts) => {
  let ids: bigint[] = []
  const requests = await requestsOf(async (client) => (ids = await client.ids(count)))
  expect(requests.map((request) => request.count)).toEqual(counts)
  expect(ids.length).toBe(count)
  expectIncreasing(ids)
})

test("ids() fails as soon as one of its requests does, and the others free their places", async () => {
  let isFirst = true
  const conduct = checkedAs(1, () => {
    if (!isFirst) return undefined
    isFirst = false
    return responseBytes(Status.BAD_REQUEST, 2n)
  })
  using peer = new TcpPeer(ANY_ADDRESS, conduct)
  await using client = new FirnClient({ servers: [peer.address], inFlightMax: 3 })
  const error = await failureOf(client.ids(2 * 4_096 + 1))
  expect(error).toMatchObject({ code: "BAD_REQUEST", detail: 2, tries: 1 })
  const next = await failureOf(client.ids(2 * 4_096 + 1, { timeoutMs: 10 }))
  expect(next.code).toBe("TIMEOUT")
})

test("a connection is asked for its epoch and its node before anything else, and once", async () => {
  using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
  await using client = new FirnClient({ servers: [peer.address] })
  await Promise.all([client.id(), client.decode(5n), client.epoch()])
  await client.decode(6n)
  expect(peer.asked.slice(0, 2)).toEqual([Op.EPOCH, Op.PING])
  // The call epoch() may come before the answer, and decode() asks by it.
  const [local, ...checks] = peer.asked.toSorted((a, b) => a - b)
  expect(local).toBe(Op.LOCAL)
  expect(checks).toEqual([Op.PING, Op.EPOCH, Op.EPOCH, Op.EPOCH])
  await client.epoch()
  expect(peer.asked.length).toBe(5)
})

test.each([
  ["LOCAL", undefined, { op: Op.LOCAL, target: 0 }],
  ["LOCAL", { random: false }, { op: Op.LOCAL, target: 0 }],
  ["NODE", { node: 1_023 }, { op: Op.NODE, target: 1_023 }],
  ["NODE", { node: 0 }, { op: Op.NODE, target: 0 }],
  ["KEY", { key: "foobar" }, { op: Op.KEY, target: 0xbf9c_f968 }],
  ["KEY", { key: "ключ" }, { op: Op.KEY, target: keyHash("ключ") }],
  ["RANDOM", { random: true }, { op: Op.RANDOM, target: 0 }],
])("%s is what id(%j) asks for", async (_, options, request) => {
  const requests = await requestsOf((client) => client.id(options))
  expect(requests).toEqual([{ ...request, count: 1 }])
})
