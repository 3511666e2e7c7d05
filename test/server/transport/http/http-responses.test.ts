import { describe, expect, test } from "bun:test"
import { COUNT_MAX } from "../../../../protocol/index.ts"
import { ClusterServer } from "../../../support/cluster-server.ts"
import { FakeServer, utf8 } from "../../../support/fake-client.ts"
import { nodeOfId } from "../../../support/fake-peer.ts"
import { HttpClient, get } from "../../../support/http-request.ts"

const ALIVE = { status: 200, body: "alive\n" }
const CLOSES = { connection: "close" }

function statuses(client: HttpClient): number[] {
  return client.received().map(({ status }) => status)
}

describe("a response", () => {
  test("says when it was made, by the second", () => {
    const client = new HttpClient(new FakeServer())
    const { environment } = client.server.node
    for (let i = 0; i < 3; i++) {
      const date = new Date(environment.wallMs()).toUTCString()
      client.forget()
      client.send(get("/lunique"), get("/healthz"), get("/lunique", "Accept: application/json"))
      expect(client.received().map(({ headers }) => headers["date"])).toEqual([date, date, date])
      environment.advance(999)
    }
  })

  test("to a client of HTTP/1.0 says whether the connection is kept", () => {
    const client = new HttpClient(new FakeServer())
    client.send("GET /lunique HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    client.send("GET /lunique HTTP/1.0\r\n\r\n")
    const connections = client.received().map(({ headers }) => headers["connection"])
    expect([connections, client.calls]).toEqual([["keep-alive", "close"], ["shutdown"]])
  })

  test("to a HEAD is that to a GET without its body, and takes no id", () => {
    const client = new HttpClient(new FakeServer())
    client.send(get("/lunique"))
    const before = client.received()[0]!
    client.forget()
    const targets = ["/healthz", "/lunique", "/lunique?n=0", "/nope", "/nodes"]
    for (const target of targets) {
      client.send(get(target).replace("GET", "HEAD"))
      const [head] = client.received(1)
      client.forget()
      if (target === "/lunique") {
        const { "content-length": _, ...headers } = before.headers
        expect(head).toEqual({ status: 200, headers, body: "" })
        continue
      }
      client.send(get(target))
      expect(head).toEqual({ ...client.received()[0]!, body: "" })
      client.forget()
    }
    client.send(get("/lunique"))
    expect(BigInt(client.received()[0]!.body) - BigInt(before.body)).toBe(1n)
  })

  test("tells the length of its ids, however many digits they have", () => {
    for (const count of [1, 2, 9, 10, 100, 999, COUNT_MAX]) {
      for (const accept of ["text/plain", "application/json"]) {
        const client = new HttpClient(new FakeServer())
        client.send(get(`/lunique?n=${count}`, `Accept: ${accept}`) + get("/healthz"))
        client.server.node.environment.advance(5)
        const [ids, alive] = client.received()
        expect(ids!.body.match(/[0-9]+/g)).toHaveLength(count)
        expect(alive).toMatchObject(ALIVE)
      }
    }
  })

  test("tells the length of a text in bytes", () => {
    const client = new HttpClient(new FakeServer())
    client.send(get("/lunique?n=%C3%A4%E2%82%AC"), get("/healthz"))
    const [refusal] = client.text.split("HTTP/1.1 200")
    const [head, body] = refusal!.split("\r\n\r\n")
    expect(head).toContain(`\r\nContent-Length: ${utf8(body!).length}`)
    expect(body).toContain('n "ä€" is not')
  })

  test("asks to close while the node stops", async () => {
    const client = new HttpClient(new FakeServer())
    client.responses.isLast = true
    client.send(get("/lunique") + get("/readyz"))
    const [first, last, ...more] = client.received()
    expect([first!.headers.connection, last, more]).toMatchObject([
      undefined,
      { headers: CLOSES },
      [],
    ])
    expect(client.calls).toEqual(["shutdown"])
  })
})

describe("a request behind one that another node answers", () => {
  test("is answered in its turn", () => {
    const server = new ClusterServer([1, 2, 3])
    server.connect()
    server.fake(1).behaviour = () => "HOLD"
    const client = new HttpClient(server)
    const targets = ["/dunique?target=1", "/lunique", "/nope", "/dunique?target=2", "/healthz"]
    client.send(targets.map((target) => get(target)).join(""))
    client.connection.ended()
    server.environment.advance(10)
    expect(client.text).toBe("")
    server.fake(1).release()
    server.environment.advance(10)
    expect(statuses(client)).toEqual([200, 200, 404, 200, 200])
    const nodes = [0, 1, 3].map((at) => nodeOfId(BigInt(client.received()[at]!.body)))
    expect([nodes, client.calls.at(-1)]).toEqual([[1, 7, 2], "end"])
  })

  test("has its place among so many: more are not read, whatever has been made of them", () => {
    const server = new ClusterServer([1])
    server.connect()
    server.fake(1).behaviour = () => "HOLD"
    const client = new HttpClient(server)
    client.send(get("/dunique?target=1"))
    let sent = 0
    while (!client.paused) {
      client.send(get("/nodes"))
      sent++
    }
    server.environment.advance(5)
    server.fake(1).release()
    server.environment.advance(10)
    expect(statuses(client)).toHaveLength(1 + sent)
    expect(client.text.length).toBeLessThan(70_000)
    expect(client.calls.at(-1)).toBe("resume")
  })
})

describe("a client that does not read", () => {
  test("is not read from, and gets every answer when it reads again", () => {
    const client = new HttpClient(new FakeServer())
    client.accept = () => 100
    client.send(get("/healthz").repeat(3_000))
    client.server.node.environment.advance(100)
    expect(client.paused).toBe(true)
    client.accept = (length) => length
    for (let i = 0; i < 100; i++) {
      client.connection.drained()
      client.server.node.environment.advance(1)
    }
    expect(statuses(client)).toEqual(Array(3_000).fill(200))
    expect(client.calls.at(-1)).toBe("resume")
  })
})
