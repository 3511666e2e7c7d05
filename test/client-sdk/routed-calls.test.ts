import { expect, test } from "bun:test"
import { FirnClient } from "../../client-sdk/index.ts"
import { Op } from "../../protocol/index.ts"
import { until } from "../support/deadline.ts"
import { HoldingPeer } from "../support/holding-peer.ts"
import { ANY_ADDRESS, TcpPeer, givingIds } from "../support/tcp-peer.ts"

const ROUTED: readonly number[] = [Op.NODE, Op.KEY, Op.RANDOM]

test("local ids do not wait behind routed ones that a slow peer delays", async () => {
  using peer = new HoldingPeer((op) => ROUTED.includes(op))
  await using client = new FirnClient({ servers: [peer.address] })
  const routed: Promise<unknown>[] = [
    client.id({ node: 1 }),
    client.id({ key: "k" }),
    client.ids(5, { random: true }),
  ]
  await peer.hasHeld(3)
  for (let i = 0; i < 50; i++) await client.id()
  expect(routed.map((call) => Bun.peek.status(call))).toEqual(routed.map(() => "pending"))
  peer.release()
  await Promise.all(routed)
  expect(peer.connections).toBe(2)
})

test("a client that makes no routed calls opens no connections for them", async () => {
  using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
  await using client = new FirnClient({ servers: [peer.address], connectionsPerServer: 2 })
  await client.ids(10_000)
  await client.epoch()
  await client.id({ random: false })
  await until("both connections", () => peer.connections === 2)
  await client.id({ random: true })
  await until("two more connections", () => peer.connections === 4)
})
