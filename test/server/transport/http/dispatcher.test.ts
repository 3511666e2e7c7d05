import { describe, expect, test } from "bun:test"
import { InputError, Op } from "../../../../protocol/index.ts"
import { BY_ACCEPT, MediaType, text } from "../../../../server/transport/http/answers.ts"
import { Dispatcher } from "../../../../server/transport/http/dispatcher.ts"
import type { Dispatched } from "../../../../server/transport/http/dispatcher.ts"
import { parseLocalQuery } from "../../../../server/transport/http/ids-query.ts"
import type { Handler, Route } from "../../../../server/transport/http/route.ts"
import { httpRequest, servedNode } from "../../../support/http-request.ts"
import { MemoryLog } from "../../../support/memory-log.ts"

function route(path: string, handle: Handler): Route {
  return { method: "GET", path, summary: "", query: [], answers: [], handle }
}

function failing(error: Error): Handler {
  return () => {
    throw error
  }
}

const ROUTES: readonly Route[] = [
  route("/query", ({ query }) => text(200, `query ${query}`)),
  route("/part/{name}", (_, __, name) => text(200, `part ${name}`)),
  route("/part/whole", () => text(200, "whole")),
  route("/wrong", failing(new InputError("n is wrong"))),
  route("/bug", failing(new RangeError("secret"))),
  { method: "GET", path: "/ids", summary: "", query: [], answers: [], ask: parseLocalQuery },
]

const ALLOW = { Allow: "GET, HEAD, OPTIONS" }

function ask(target: string, method = "GET", log = new MemoryLog()): Dispatched {
  const dispatcher = new Dispatcher(ROUTES, servedNode(), log.logger)
  return dispatcher.dispatch(httpRequest(target, { method }))
}

describe("a request is answered by the route", () => {
  test.each([
    ["/query?n=1", "query n=1"],
    ["/query", "query "],
    ["/part/", "part "],
    ["/part/1/2", "part 1/2"],
    ["/part/whole", "whole"],
  ])("of its path: %s", (target, line) => {
    expect(ask(target)).toEqual(text(200, line))
  })
})

describe("no route is found", () => {
  test.each(["/", "", "/quer", "/query/", "/part", "/QUERY", "*"])("for the path %p", (path) => {
    for (const method of ["GET", "POST", "HEAD"]) {
      expect(ask(path, method)).toEqual(text(404, "not found"))
    }
  })

  test.each(["/query", "/part/1", "/bug", "/ids"])(
    "for another method of %s, and its own are named",
    (path) => {
      for (const method of ["POST", "PUT", "DELETE", "PATCH", "CONNECT", "TRACE"]) {
        expect(ask(path, method)).toEqual(text(405, "method not allowed: use GET", ALLOW))
      }
    },
  )

  test.each(["/query", "/ids", "/nowhere"])("for a method of %s that nobody knows", (path) => {
    for (const method of ["get", "BREW", "PRI"]) {
      expect(ask(path, method)).toEqual(text(501, "unknown method"))
    }
  })
})

test("OPTIONS names the methods of a path, and of the server", () => {
  for (const path of ["/query", "/part/1", "/ids?n=0", "*"]) {
    expect(ask(path, "OPTIONS")).toMatchObject({ status: 204, body: undefined, headers: ALLOW })
  }
  expect(ask("/nowhere", "OPTIONS")).toEqual(text(404, "not found"))
})

describe("a request for ids", () => {
  test("is handed on", () => {
    expect(ask("/ids?n=3")).toEqual({ op: Op.LOCAL, target: 0, count: 3 })
    expect(ask("/ids?n=x")).toMatchObject({ status: 400 })
  })

  test("takes none when it is a HEAD, which does not know their length", () => {
    const head = { status: 200, mediaType: MediaType.TEXT, body: undefined, headers: BY_ACCEPT }
    expect(ask("/ids?n=3", "HEAD")).toEqual(head)
    expect(ask("/ids?n=x", "HEAD")).toMatchObject({ status: 400 })
  })
})

describe("what a handler throws", () => {
  test("is 400 when the client is wrong", () => {
    const log = new MemoryLog()
    expect(ask("/wrong", "GET", log)).toEqual(text(400, "n is wrong"))
    expect(log.lines).toEqual([])
  })

  test("is 500 otherwise, and only logged", () => {
    const log = new MemoryLog()
    expect(ask("/bug", "GET", log)).toEqual(text(500, "internal error"))
    expect(log.texts()).toEqual(["error request-failed GET /bug was answered 500"])
    const fields = { method: "GET", path: "/bug", err: { message: "secret" } }
    expect(log.lines[0]).toMatchObject(fields)
  })
})
