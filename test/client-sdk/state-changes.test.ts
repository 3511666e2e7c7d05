import { describe, expect, test } from "bun:test"
import { FirnClient } from "../../client-sdk/index.ts"
import type { ServerStateChange } from "../../client-sdk/index.ts"
import { failureOf } from "../support/firn-failure.ts"
import { ANY_ADDRESS, TcpPeer, givingIds } from "../support/tcp-peer.ts"
import { VirtualClient } from "../support/virtual-client.ts"

describe("onStateChange", () => {
  test("hears of each change once, with the reason of a loss", async () => {
    const client = new VirtualClient(2)
    expect(client.changes).toEqual([])
    client.kill(1)
    void client.call()
    await client.pass(1_500)
    client.kill(0)
    await client.pass(5_000)
    client.servers[0]!.listen()
    client.servers[1]!.listen()
    await client.pass(2_010)
    const [zero, one] = [0, 1].map((id) => client.changes.filter((text) => text[0] === `${id}`))
    expect(zero!).toEqual(["0 connecting", "0 up", "0 down it closed the connection", "0 up"])
    expect(one!).toEqual(["1 connecting", "1 down nothing listens there", "1 up"])
  })

  test("hears nothing of a server while one of its connections is open", async () => {
    const client = new VirtualClient(1, { connectionsPerServer: 3 })
    await client.connect()
    client.wires(0)[0]!.lose()
    client.wires(0)[0]!.lose()
    await client.pass(5)
    expect(client.changes).toEqual(["0 connecting", "0 up"])
    client.wires(0)[0]!.lose()
    await client.pass(0)
    expect(client.changes.length).toBe(3)
  })

  test("hears nothing after the client is closed", async () => {
    const client = new VirtualClient(2)
    await client.connect()
    const { length } = client.changes
    await client.close()
    await client.pass(5_000)
    expect(client.changes.length).toBe(length)
  })

  test("tells the connections of routed calls apart, which are opened by the first of these", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    const changes: ServerStateChange[] = []
    const onStateChange = (change: ServerStateChange): void => void changes.push(change)
    await using client = new FirnClient({ servers: [peer.address], onStateChange })
    await client.id()
    const server = peer.address
    const local = { server, routed: false, reason: "" }
    expect(changes).toEqual([
      { ...local, state: "connecting" },
      { ...local, state: "up" },
    ])
    await client.id({ key: "a" })
    const routed = { server, routed: true, reason: "" }
    expect(changes.slice(2)).toEqual([
      { ...routed, state: "connecting" },
      { ...routed, state: "up" },
    ])
    await client.close()
    expect(changes.length).toBe(4)
  })

  test("may close the client, and make calls that are then refused", async () => {
    using peer = new TcpPeer(ANY_ADDRESS, givingIds(1))
    const refused: Promise<Error>[] = []
    const client: FirnClient = new FirnClient({
      servers: [peer.address],
      onStateChange({ state }) {
        if (state !== "up") return
        void client.close({ timeoutMs: 0 })
        refused.push(failureOf(client.id()))
      },
    })
    const call = client.id()
    const outcome = await call.then(
      () => "answered",
      (error: unknown) => (error as { code: string }).code,
    )
    // Its request may be on its way before the deadline of 0 ms.
    expect(["answered", "CLOSED"]).toContain(outcome)
    expect(await Promise.all(refused)).toMatchObject([{ code: "CLOSED" }])
    await client.close()
  })
})
