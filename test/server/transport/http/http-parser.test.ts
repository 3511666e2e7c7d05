import { describe, expect, test } from "bun:test"
import { parseHead } from "../../../../server/transport/http/http-parser.ts"
import { Persistence } from "../../../../server/transport/http/request.ts"

/** The head of lines, as it is handed to the parser. */
function parse(...lines: readonly string[]): ReturnType<typeof parseHead> {
  return parseHead(lines.join("\r\n"))
}

function statusOf(...lines: readonly string[]): number | "accepted" {
  const parsed = parse(...lines)
  return "status" in parsed ? parsed.status : "accepted"
}

function statusWith(...fields: readonly string[]): number | "accepted" {
  return statusOf("POST / HTTP/1.1", "Host: firn", ...fields)
}

test("a request has method, path, query and Accept", () => {
  const lines = ["GET /dunique?key=a?b HTTP/1.1", "host:firn:1", "aCCept: \t text/html \t", "X-y:"]
  expect(parse(...lines)).toEqual({
    method: "GET",
    path: "/dunique",
    query: "key=a?b",
    accept: "text/html",
    persistence: Persistence.KEEP,
  })
  const twice = ["GET / HTTP/1.1", "Host: firn", "Accept: a/b", "Accept: c/d"]
  expect(parse(...twice)).toMatchObject({ accept: "a/b, c/d" })
})

describe("a target is read: ", () => {
  test.each([
    ["/", "/", ""],
    ["//lunique", "//lunique", ""],
    ["/a?", "/a", ""],
    ["/%00?%ff", "/%00", "%ff"],
    ["http://other:80/lunique?n=1", "/lunique", "n=1"],
    ["HTTPS://other", "/", ""],
    ["http://other?n=1", "/", "n=1"],
  ])("%s", (target, path, query) => {
    expect(parse(`GET ${target} HTTP/1.1`, "Host: firn")).toMatchObject({ path, query })
  })

  test("* is the server as a whole, for OPTIONS only", () => {
    expect(parse("OPTIONS * HTTP/1.1", "Host: firn")).toMatchObject({ path: "*" })
    expect(statusOf("GET * HTTP/1.1", "Host: firn")).toBe(400)
  })
})

describe("a request line is refused that is", () => {
  test.each([
    "",
    "GET",
    "GET /",
    "GET / HTTP/1.1 ",
    "GET  / HTTP/1.1",
    " GET / HTTP/1.1",
    "GET\t/ HTTP/1.1",
    "GET / http/1.1",
    "GET / HTTP/1",
    "GET / HTTP/1.10",
    "GET / HTTPS/1.1",
    "G(T / HTTP/1.1",
    "GET /\xe4 HTTP/1.1",
    "GET /# HTTP/1.1",
    "GET lunique HTTP/1.1",
    "GET ftp://a/b HTTP/1.1",
    "GET http:///b HTTP/1.1",
    "CONNECT firn:443 HTTP/1.1",
  ])("%j", (line) => {
    expect(statusOf(line, "Host: firn")).toBe(400)
  })

  test.each(["0.9", "2.0", "3.1"])("of HTTP/%s", (version) => {
    expect(statusOf(`GET / HTTP/${version}`, "Host: firn")).toBe(505)
  })
})

describe("header lines", () => {
  test.each([
    " folded: x",
    "\tfolded: x",
    "Name : x",
    "Name",
    ": x",
    "",
    "Na me: x",
    "N(ame: x",
    "Name: \0",
    "Name: \x7f",
    "Name: \x1b[2J",
    "Name: a\rb",
    "Name: a\r",
    "Näme: x",
  ])("are refused: %j", (line) => {
    expect(statusWith(line)).toBe(400)
    expect(statusWith(line, "X: y")).toBe(400)
  })

  test.each(["Name:", "Name:x", "Name: \t x \t", "Name: ä:\xff", "N!#$%&'*+-.^_`|~0: x"])(
    "are accepted: %j",
    (line) => {
      expect(statusWith(line)).toBe("accepted")
    },
  )
})

describe("Host", () => {
  test.each(["", "firn", "firn:5454", "127.0.0.1:1", "[::1]:5454", "%41"])("may be %j", (host) => {
    expect(statusOf("GET / HTTP/1.1", `Host: ${host}`)).toBe("accepted")
  })

  test.each(["a b", "a/b", "a@b", "a,b\xe4"])("may not be %j", (host) => {
    expect(statusOf("GET / HTTP/1.1", `Host: ${host}`)).toBe(400)
  })

  test("is there once, or not at all in HTTP/1.0", () => {
    expect(statusOf("GET / HTTP/1.1")).toBe(400)
    expect(statusOf("GET / HTTP/1.1", "Host: a", "Host: a")).toBe(400)
    expect(statusOf("GET / HTTP/1.0")).toBe("accepted")
    expect(statusOf("GET / HTTP/1.0", "Host: a", "host: a")).toBe(400)
  })
})

describe("a body is refused", () => {
  test.each([
    [["Content-Length: 0"], "accepted"],
    [["Content-Length: 000"], "accepted"],
    [["Content-Length: 0", "Content-Length: 0"], "accepted"],
    [["Content-Length: 1"], 413],
    [["Content-Length: 99999999999999999999"], 413],
    [["Content-Length: 0", "Content-Length: 5"], 400],
    [["Content-Length: 5", "Content-Length: 5"], 413],
    [["Content-Length: 0, 0"], 400],
    [["Content-Length: +0"], 400],
    [["Content-Length: -1"], 400],
    [["Content-Length:"], 400],
    [["Transfer-Encoding: chunked"], 501],
    [["Transfer-Encoding: identity"], 501],
    [["Transfer-Encoding: chunked", "Content-Length: 0"], 400],
    [["Expect: 100-continue"], 417],
    [["Expect: 100-continue", "Content-Length: 5"], 417],
    [["Expect: 100-continue", "Content-Length: x"], 400],
  ] as const)("%j is %p", (fields, status) => {
    expect(statusWith(...fields)).toBe(status)
  })
})

describe("the connection", () => {
  test.each([
    ["1.1", [], Persistence.KEEP],
    ["1.2", [], Persistence.KEEP],
    ["1.1", ["keep-alive"], Persistence.KEEP],
    ["1.1", ["close"], Persistence.CLOSE],
    ["1.1", ["x , Close"], Persistence.CLOSE],
    ["1.1", ["x", "close"], Persistence.CLOSE],
    ["1.1", ["closed"], Persistence.KEEP],
    ["1.0", [], Persistence.CLOSE],
    ["1.0", ["Keep-Alive"], Persistence.KEEP_ALIVE],
    ["1.0", ["keep-alive, close"], Persistence.CLOSE],
  ] as const)("of HTTP/%s with %j", (version, options, persistence) => {
    const fields = options.map((option) => `Connection: ${option}`)
    const parsed = parse(`GET / HTTP/${version}`, "Host: firn", ...fields)
    expect(parsed).toMatchObject({ persistence })
  })
})

test("no head takes long: eight thousand bytes of any one character", () => {
  for (let code = 0; code < 256; code++) {
    const many = String.fromCharCode(code).repeat(8_000)
    const used = process.cpuUsage()
    parse(many)
    parse(`GET ${many} HTTP/1.1`, "Host: firn")
    parse("GET / HTTP/1.1", `Host: ${many}x`, `Connection: ${many}x`, `Content-Length: ${many}x`)
    expect(process.cpuUsage(used).user / 1_000).toBeLessThan(50)
  }
})
