import { describe, expect, test } from "bun:test"
import { Status, keyHash } from "../../../../protocol/index.ts"
import { rendezvousOwner } from "../../../../server/routing/rendezvous.ts"
import { ClusterServer, TIMEOUT_MS } from "../../../support/cluster-server.ts"
import { nodeOfId, peerAddress } from "../../../support/fake-peer.ts"
import type { Behaviour } from "../../../support/fake-peer.ts"
import { HttpClient } from "../../../support/http-request.ts"
import type { HttpResponse } from "../../../support/http-request.ts"
import { MemoryStore } from "../../../support/memory-store.ts"
import { VirtualNode } from "../../../support/virtual-node.ts"
import { VirtualEnvironment } from "../../../support/virtual-environment.ts"

function connected(node = new VirtualNode()): ClusterServer {
  const server = new ClusterServer([1, 2, 3], 1, node)
  server.connect()
  return server
}

/** What is answered to a query, so much later. */
function get(
  server: ClusterServer,
  query: string,
  ms = 20,
  accept = "*/*",
): { status: number; body: string; retryAfter: string | null } {
  const client = ask(server, query, accept)
  server.environment.advance(ms)
  return answerTo(client)
}

function ask(server: ClusterServer, query: string, accept = "*/*"): HttpClient {
  const client = new HttpClient(server)
  client.send(`GET /dunique?${query} HTTP/1.1\r\nHost: firn\r\nAccept: ${accept}\r\n\r\n`)
  return client
}

function answerTo(client: HttpClient): ReturnType<typeof get> {
  const [{ status, body, headers }, ...others] = client.received() as [HttpResponse]
  expect(others).toEqual([])
  return { status, body, retryAfter: headers["retry-after"] ?? null }
}

describe("a request for ids", () => {
  test.each([
    ["target=2", 2],
    ["target=7", 7],
    ["", 7],
    ["target=key:order-42", rendezvousOwner(keyHash("order-42"), [1, 2, 3, 7])],
    ["key=42", rendezvousOwner(keyHash("42"), [1, 2, 3, 7])],
  ])("with the query %j is answered by node %d", async (query, nodeId) => {
    const { status, body } = get(connected(), query)
    expect([status, nodeOfId(BigInt(body.trimEnd()))]).toEqual([200, nodeId])
  })

  test("for random nodes is answered by all of them", () => {
    const server = connected()
    const nodes = new Set<number>()
    for (let i = 0; i < 100; i++) {
      nodes.add(nodeOfId(BigInt(get(server, "target=random").body.trimEnd())))
    }
    expect(nodes).toEqual(new Set([1, 2, 3, 7]))
  })

  test("for many has one a line, or a list of JSON", () => {
    const server = connected()
    expect(get(server, "target=2&n=5").body.match(/\n/g)?.length).toBe(5)
    const json = get(server, "target=2&n=2", 20, "application/json")
    expect(JSON.parse(json.body)).toEqual({ ids: [expect.any(String), expect.any(String)] })
    const one = get(server, "target=2", 20, "text/html, application/json;q=0.9")
    expect(JSON.parse(one.body)).toEqual({ id: expect.any(String) })
  })

  test("waits for the next ids of this node, or goes to another meanwhile", () => {
    const server = connected()
    server.node.takeAll(4_096)
    server.node.takeAll(1)
    const clients = [ask(server, "n=4096"), ask(server, "target=7")]
    server.environment.advance(20)
    expect(clients.map((client) => answerTo(client).status)).toEqual([200, 200])
    server.node.takeAll(4_096)
    server.node.takeAll(1)
    const drawing = Array.from({ length: 20 }, () => ask(server, "target=random&n=4096"))
    server.environment.advance(200)
    expect(drawing.map((client) => answerTo(client).status)).toEqual(Array(20).fill(200))
  })
})

describe("a request that gets no ids is answered", () => {
  test.each([
    ["OVERLOADED: too much is", { status: Status.OVERLOADED, value: 2_500n }, 503, "3"],
    ["CLOCK_BEHIND: the node's", { status: Status.CLOCK_BEHIND, value: 60_001n }, 503, "61"],
    ["NOT_READY: the node", { status: Status.NOT_READY, value: 0n }, 503, "1"],
    ["NODE_DOWN: node 2", { status: Status.NODE_DOWN, value: 2n }, 503, "1"],
    ["WRONG_NODE: node 9", { status: Status.WRONG_NODE, value: 9n }, 502, null],
    ["UNKNOWN_NODE: node 2", { status: Status.UNKNOWN_NODE, value: 2n }, 404, null],
    ["BAD_REQUEST: offset", { status: Status.BAD_REQUEST, value: 2n }, 400, null],
    ["Service Unavailable - Timeout\n", { status: Status.TIMEOUT, value: 4_000n }, 503, "1"],
  ] as [string, Behaviour, number, string | null][])("%s …", (text, refusal, status, wait) => {
    const server = connected()
    server.fake(2).behaviour = () => refusal
    const answer = get(server, "target=2")
    expect([answer.status, answer.retryAfter]).toEqual([status, wait])
    expect(answer.body).toStartWith(text)
    expect(answer.body).toEndWith("\n")
  })

  test("Service Unavailable - Timeout when its node is silent", () => {
    const server = connected()
    server.fake(2).behaviour = () => "HOLD"
    const { status, body, retryAfter } = get(server, "target=2", TIMEOUT_MS + 10)
    expect([status, body, retryAfter]).toEqual([503, "Service Unavailable - Timeout\n", "1"])
  })

  test("503 when its node is down and 404 when there is no such node", () => {
    const server = connected()
    server.network.kill(peerAddress(2))
    expect(get(server, "target=2")).toEqual({
      status: 503,
      body: "NODE_DOWN: node 2 cannot be reached\n",
      retryAfter: "1",
    })
    for (const target of ["9", "1024", "999999999"]) {
      expect(get(server, `target=${target}`)).toEqual({
        status: 404,
        body: `UNKNOWN_NODE: node ${target} is not in this cluster\n`,
        retryAfter: null,
      })
    }
  })

  test("503 with when to come back, when this node's clock is behind", () => {
    const environment = new VirtualEnvironment()
    const store = new MemoryStore(environment, environment.time + 15_000)
    const { status, retryAfter } = get(connected(new VirtualNode({ environment, store })), "")
    expect([status, retryAfter]).toEqual([503, "5"])
  })
})
