import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { keyHash } from "../../../../protocol/index.ts"
import { rendezvousOwner } from "../../../../server/routing/rendezvous.ts"
import { ClusterServer, TIMEOUT_MS } from "../../../support/cluster-server.ts"
import { FakeClient } from "../../../support/fake-client.ts"
import { nodeOfId, peerAddress } from "../../../support/fake-peer.ts"

function connected(): { client: FakeClient; server: ClusterServer } {
  const server = new ClusterServer([1, 2, 3])
  server.connect()
  return { client: new FakeClient(server), server }
}

/** The nodes of the ids that were answered; other lines as they are. */
function outcomes(client: FakeClient): string[] {
  const lines = client.text.split("\n").slice(0, -1)
  return lines.map((line) => (/^[0-9]{9,}$/.test(line) ? `node ${nodeOfId(BigInt(line))}` : line))
}

describe("dunique", () => {
  test("answers with an id of the node that is asked for", () => {
    const { client, server } = connected()
    client.send("dunique node 2\ndunique node 7\ndunique\nlunique\ndunique 2\n")
    server.environment.advance(10)
    expect(outcomes(client)).toEqual(["node 2", ..."77777".split("").map((id) => `node ${id}`)])
  })

  test("answers with an id of the owner of a key", () => {
    const { client, server } = connected()
    const keys = ["order-42", "42", "Ä", "x".repeat(200)]
    for (const key of keys) {
      client.send(`dunique key ${key}\n`)
      server.environment.advance(10)
    }
    const owners = keys.map((key) => rendezvousOwner(keyHash(key), [1, 2, 3, 7]))
    expect(outcomes(client)).toEqual(owners.map((owner) => `node ${owner}`))
  })

  test("answers with ids of random nodes", () => {
    const { client, server } = connected()
    for (let i = 0; i < 100; i++) {
      client.send("dunique random\n")
      server.environment.advance(5)
    }
    expect(new Set(outcomes(client))).toEqual(new Set([1, 2, 3, 7].map((id) => `node ${id}`)))
  })

  test("answers a count with as many lines", () => {
    const { client, server } = connected()
    client.send("dunique node 3 4096\ndunique random 3\n")
    server.environment.advance(30)
    expect(outcomes(client).length).toBe(4_099)
    expect(server.fake(3).asked[0]!.count).toBe(4_096)
    const ids = client.text.split("\n").slice(0, 4_096).map(BigInt)
    expect(ids.every((id, i) => id === ids[0]! + BigInt(i))).toBe(true)
  })

  test("says what is wrong in a line", () => {
    const { client, server } = connected()
    server.network.kill(peerAddress(1))
    server.fake(2).behaviour = () => "HOLD"
    client.send("dunique node 1\ndunique node 9\ndunique node x\ndunique node 2\nlunique\n")
    server.environment.advance(TIMEOUT_MS + 20)
    expect(outcomes(client)).toEqual([
      "ERR NODE_DOWN node 1 cannot be reached",
      "ERR UNKNOWN_NODE node 9 is not in this cluster",
      expect.stringContaining("ERR BAD_REQUEST") as string,
      expect.stringMatching(/^ERR TIMEOUT no answer within 10[01]\d ms$/) as string,
      "node 7",
    ])
  })
})

describe("lines behind one that another node answers", () => {
  test("are answered in their turn, wherever the text is cut", () => {
    const lines = fc.array(
      fc.constantFrom(
        ...([
          ["dunique node 1", "node 1"],
          ["dunique node 3", "node 3"],
          ["lunique", "node 7"],
          ["nonsense", 'ERR BAD_REQUEST unknown command "nonsense"; try help'],
          ["dunique node 99", "ERR UNKNOWN_NODE node 99 is not in this cluster"],
        ] as const),
      ),
      { minLength: 1, maxLength: 20 },
    )
    const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 10 })
    fc.assert(
      fc.property(lines, sizes, fc.integer({ min: 0, max: 20 }), (script, cuts, delayMs) => {
        const { client, server } = connected()
        for (const fake of server.fakes.values()) {
          fake.behaviour = ({ count }) => ({ ...fake.ids(count), delayMs })
        }
        let rest = script.map(([line]) => `${line}\n`).join("")
        for (const size of [...cuts, rest.length]) {
          if (rest === "") break
          client.send(rest.slice(0, size))
          rest = rest.slice(size)
          server.environment.advance(500)
        }
        expect(outcomes(client)).toEqual(script.map(([, outcome]) => outcome))
      }),
      { numRuns: 100 },
    )
  })

  test("are sent on meanwhile, and each is answered as its own kind", () => {
    const { client, server } = connected()
    for (const fake of server.fakes.values()) fake.behaviour = () => "HOLD"
    client.send("dunique node 1\ndecode 1\ndunique node 2 2\ndecode 0\n", "help\nlunique 2\n")
    expect([client.calls, client.text]).toEqual([[], ""])
    server.environment.advance(5)
    expect(server.fake(2).asked.length).toBe(1)
    server.fake(2).release()
    server.environment.advance(5)
    expect(client.text).toBe("")
    server.fake(1).release()
    server.environment.advance(5)
    const [first, other, second, third, decoded, ...rest] = outcomes(client)
    expect([first, second, third]).toEqual(["node 1", "node 2", "node 2"])
    expect([other, decoded]).toEqual([
      "time 2026-01-01T00:00:00.000Z node 0 sequence 1",
      "time 2026-01-01T00:00:00.000Z node 0 sequence 0",
    ])
    expect(rest[1]).toStartWith("lunique [count]")
    expect(rest.slice(-2)).toEqual(["node 7", "node 7"])
    expect(client.calls).toEqual([])
  })

  test("may be quit: it closes after the answers", () => {
    const { client, server } = connected()
    client.send("dunique node 1\nquit\nlunique\n")
    server.environment.advance(10)
    expect([outcomes(client), client.calls]).toEqual([["node 1"], ["end"]])
  })
})

test("a last line without its ending is routed as well before the connection ends", () => {
  const { client, server } = connected()
  client.send("lunique\ndunique node 2")
  client.connection.ended()
  expect(outcomes(client)).toEqual(["node 7"])
  server.environment.advance(10)
  expect(outcomes(client)).toEqual(["node 7", "node 2"])
  expect(client.calls.at(-1)).toBe("end")
})

test("a client that leaves while another node is asked is forgotten without harm", () => {
  const { client, server } = connected()
  server.fake(1).behaviour = () => "HOLD"
  client.send("dunique node 1\nlunique\n")
  client.connection.closed()
  server.environment.advance(TIMEOUT_MS * 3)
  expect(client.writes).toEqual([])
})
