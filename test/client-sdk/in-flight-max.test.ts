import { expect, test } from "bun:test"
import { FirnClient } from "../../client-sdk/index.ts"
import { failureOf } from "../support/firn-failure.ts"
import { HoldingPeer } from "../support/holding-peer.ts"
import { ANY_ADDRESS, TcpPeer, givingIds } from "../support/tcp-peer.ts"

const MAX = 10

test("calls above inFlightMax fail at once with OVERLOADED, and nothing is sent for them", async () => {
  using peer = new HoldingPeer()
  await using client = new FirnClient({ servers: [peer.address], inFlightMax: MAX })
  const calls = Array.from({ length: MAX }, () => client.id())
  const refused: Promise<unknown>[] = [
    client.id(),
    client.idString({ node: 1 }),
    client.ids(1),
    client.epoch(),
  ]
  expect(refused.map((call) => Bun.peek.status(call))).toEqual(refused.map(() => "rejected"))
  for (const call of refused) {
    expect(await failureOf(call)).toMatchObject({
      code: "OVERLOADED",
      retryable: true,
      tries: 0,
      message: `OVERLOADED: ${MAX} requests wait for an answer, of at most ${MAX} (inFlightMax)`,
    })
  }
  await peer.hasHeld(MAX)
  expect(calls.map((call) => Bun.peek.status(call))).toEqual(calls.map(() => "pending"))
  peer.release()
  await Promise.all(calls)
  expect(peer.idRequests.length).toBe(MAX)
  // There is room again.
  const next = client.id()
  await peer.hasHeld(1)
  peer.release()
  await next
})

test("ids() for more requests than there is room for sends none of them", async () => {
  using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
  await using client = new FirnClient({ servers: [peer.address], inFlightMax: 3 })
  expect((await failureOf(client.ids(3 * 4_096 + 1))).code).toBe("OVERLOADED")
  expect((await client.ids(3 * 4_096)).length).toBe(3 * 4_096)
  expect(peer.idRequests.length).toBe(3)
})
