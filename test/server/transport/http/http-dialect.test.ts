import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { HEAD_SIZE_MAX } from "../../../../server/transport/http/head-scanner.ts"
import { FakeServer, cutAt, utf8 } from "../../../support/fake-client.ts"
import { Responses } from "../../../../server/transport/http/responses.ts"
import { HttpClient, get, httpDialects, parseResponses } from "../../../support/http-request.ts"
import { TableServer } from "../../../support/table-client.ts"
import type { HttpResponse } from "../../../support/http-request.ts"

const HOST = "Host: firn\r\n"
const ALIVE = { status: 200, body: "alive\n" }
const CLOSES = { connection: "close" }

/** What is answered to chunks, and what becomes of the socket. */
function exchange(...chunks: readonly (string | Uint8Array)[]): {
  responses: HttpResponse[]
  calls: string[]
} {
  const client = new HttpClient(new FakeServer())
  client.send(...chunks.filter(({ length }) => length > 0))
  return { responses: client.received(), calls: client.calls }
}

function statuses(client: HttpClient): number[] {
  return client.received().map(({ status }) => status)
}

describe("requests", () => {
  const SESSION =
    get("/healthz") +
    `\r\n\r\n${get("/lunique?n=3", "Accept: application/json")}` +
    get("/nope", "X: äöü") +
    `POST /lunique HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n` +
    `OPTIONS * HTTP/1.1\r\n${HOST}\r\n` +
    `GET /readyz HTTP/1.0\r\nConnection: close\r\n\r\n` +
    "what follows is not read"
  const expected = [200, 200, 404, 405, 204, 200]

  test("of one chunk are answered in their order, and the connection is closed", () => {
    const { responses, calls } = exchange(SESSION)
    expect(responses.map(({ status }) => status)).toEqual(expected)
    expect(responses.map(({ headers }) => headers["connection"])).toEqual([
      ...Array(5).fill(undefined),
      "close",
    ])
    expect(calls).toEqual(["shutdown"])
  })

  test("are answered the same wherever they are cut", () => {
    const bytes = utf8(SESSION)
    const whole = exchange(bytes)
    for (let at = 0; at <= bytes.length; at++) expect(exchange(...cutAt(bytes, at))).toEqual(whole)
    expect(exchange(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole)
  })

  test("are answered one by one as a naive reader would, whatever they are", () => {
    const request = fc.oneof(
      fc.constantFrom(
        [get("/healthz"), 200, false] as const,
        [get("/decode/1"), 200, false] as const,
        [get("/decode/x"), 400, false] as const,
        [get("/lunique"), 200, false] as const,
        [get("/lunique?n=0"), 400, false] as const,
        [`DELETE /lunique HTTP/1.1\r\n${HOST}\r\n`, 405, false] as const,
        [`BREW /lunique HTTP/1.1\r\n${HOST}\r\n`, 501, false] as const,
        ["GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, false] as const,
        ["GET /healthz HTTP/1.0\r\n\r\n", 200, true] as const,
        [get("/healthz", "Connection: close"), 200, true] as const,
        ["GET /healthz HTTP/1.1\r\n\r\n", 400, true] as const,
        ["GET /healthz\r\n\r\n", 400, true] as const,
        [get("/", "Content-Length: 3"), 413, true] as const,
      ),
    )
    const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 10 })
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 20 }), sizes, (script, cuts) => {
        const client = new HttpClient(new FakeServer())
        let rest = script.map(([bytes]) => bytes).join("")
        for (const size of [...cuts, rest.length]) {
          if (rest === "") break
          client.send(rest.slice(0, size))
          rest = rest.slice(size)
        }
        const last = script.findIndex(([, , isLast]) => isLast)
        const answered = last < 0 ? script : script.slice(0, last + 1)
        expect(statuses(client)).toEqual(answered.map(([, status]) => status))
        expect(client.calls).toEqual(last < 0 ? [] : ["shutdown"])
      }),
      { numRuns: 200 },
    )
  })
})

describe("what is no HTTP is refused at once, and the connection closed:", () => {
  test.each([
    ["a TLS ClientHello", Uint8Array.of(0x16, 3, 1, 2, 0, 1), 400],
    ["a frame", Uint8Array.of(1, 0, 0, 1, 0, 0, 0, 0), 400],
    ["a line feed alone", "GET / HTTP/1.1\nHost: firn\n", 400],
    ["a line of text", "lunique\r\n\r\n", 400],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
    ["a space", " ", 400],
    ["a CR alone", "\rGET / HTTP/1.1\r\n\r\n", 400],
    ["a body", `POST / HTTP/1.1\r\n${HOST}Content-Length: 9\r\n\r\nGET / HTT`, 413],
    ["a chunked body", `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1\r\nx`, 501],
    ["a wish to be told to go on", get("/lunique", "Expect: 100-continue"), 417],
  ])("%s", (_, bytes, status) => {
    const { responses, calls } = exchange(bytes)
    expect(responses).toMatchObject([{ status, headers: CLOSES }])
    expect(calls).toEqual(["shutdown"])
  })

  test("half a request, when the client sends no more", () => {
    for (const part of ["G", "GET / HTTP/1.1\r\nHost: firn\r\n", "GET / HTTP/1.1\r\n\r"]) {
      const client = new HttpClient(new FakeServer())
      client.send(get("/healthz"), part)
      expect(client.calls).toEqual([])
      client.connection.ended()
      expect(client.received()).toMatchObject([ALIVE, { status: 400, headers: CLOSES }])
      expect(client.calls).toEqual(["end"])
    }
  })

  test("and what it still sends is dropped, until it closes or a second or two have passed", () => {
    const server = new TableServer()
    const client = server.connect(httpDialects(new Responses(server.fake.node.environment)))
    client.send(get("/", "Content-Length: 1000000"))
    for (let i = 0; i < 100; i++) client.send("GET / HTTP/1.1\r\n\r\n".repeat(500))
    expect(client.calls).toEqual(["shutdown"])
    server.pass(3)
    expect(parseResponses(client.text)).toMatchObject([{ status: 413 }])
    expect(client.calls).toEqual(["shutdown", "terminate"])
    expect(server.table.counts).toMatchObject({ open: 0, closed: { "not-closed": 1 } })
  })

  test("and one that is too many is told so in HTTP, but how the node is", () => {
    const server = new TableServer({ maxConnections: 0 })
    const client = server.connect(httpDialects(new Responses(server.fake.node.environment)))
    client.send(get("/lunique") + get("/healthz"))
    expect(parseResponses(client.text)).toMatchObject([{ status: 503 }, ALIVE])
    expect(client.calls).toEqual(["shutdown"])
  })
})

describe("a head", () => {
  const filler = (size: number): string => `X: ${"x".repeat(size - get("/healthz", "X: ").length)}`

  test(`has up to ${HEAD_SIZE_MAX} bytes, wherever it is cut`, () => {
    const longest = get("/healthz", filler(HEAD_SIZE_MAX))
    const longer = get("/healthz", filler(HEAD_SIZE_MAX + 1))
    expect([longest.length, longer.length]).toEqual([HEAD_SIZE_MAX, HEAD_SIZE_MAX + 1])
    for (const at of [0, 1, 20, 4_000, ...Array.from({ length: 12 }, (_, i) => 8_181 + i)]) {
      expect(exchange(...cutAt(utf8(longest), at)).responses).toMatchObject([ALIVE])
      const { responses, calls } = exchange(...cutAt(utf8(longer), at))
      expect(responses).toMatchObject([{ status: 431, headers: CLOSES }])
      expect(calls).toEqual(["shutdown"])
    }
    expect(exchange(longest + longer).responses).toMatchObject([ALIVE, { status: 431 }])
  })

  test("that never ends is refused when it is too long, and not kept", () => {
    const client = new HttpClient(new FakeServer())
    for (let i = 0; i < 20_000; i++) client.send("GET".repeat(300))
    expect(client.received()).toMatchObject([{ status: 431 }])
  })

  test("may come after any number of empty lines, which are not kept", () => {
    const client = new HttpClient(new FakeServer())
    client.send("\r")
    for (let i = 0; i < 10_000; i++) client.send("\n\r\n\r")
    expect([client.text, client.calls]).toEqual(["", []])
    client.send(`\n${get("/healthz")}`)
    expect(client.received()).toMatchObject([ALIVE])
  })
})

test("whatever bytes come, each client gets whole responses, and others are served", () => {
  const server = new FakeServer()
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc
      .constantFrom("\r\n", "\r\n\r\n", "GET ", "/lunique", " HTTP/1.1", HOST, get("/healthz"), ":")
      .map(utf8),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.boolean(), (pieces, ends) => {
      const client = new HttpClient(server)
      client.send(...pieces.filter(({ length }) => length > 0))
      if (ends) client.connection.ended()
      server.node.environment.advance(1_001)
      for (const { status } of client.received()) expect(status).toBeGreaterThanOrEqual(200)
      if (ends) expect(client.calls.at(-1)).toMatch(/end|terminate/)
      expect(client.log.lines).toEqual([])
      const other = new HttpClient(server)
      other.send(get("/healthz"))
      expect(other.received()).toMatchObject([ALIVE])
    }),
    { numRuns: 1_000 },
  )
})
