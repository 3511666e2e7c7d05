import { describe, expect, test } from "bun:test"
import { InputError } from "../../../../protocol/index.ts"
import { MediaType, text } from "../../../../server/transport/http/answers.ts"
import type { HttpAnswer } from "../../../../server/transport/http/answers.ts"
import { Dispatcher } from "../../../../server/transport/http/dispatcher.ts"
import type { Handler, Route } from "../../../../server/transport/http/route.ts"
import { FakeServer } from "../../../support/fake-client.ts"
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
  route("/later", async () => text(200, "later")),
  route("/wrong", failing(new InputError("n is wrong"))),
  route("/wrong-later", () => Promise.reject(new InputError("n is wrong"))),
  route("/bug", failing(new RangeError("secret"))),
  route("/bug-later", () => Promise.reject(new Error("secret"))),
]

const ALLOW_GET = { Allow: "GET" }

async function ask(target: string, method = "GET", log = new MemoryLog()): Promise<HttpAnswer> {
  const node = servedNode(new FakeServer())
  const dispatcher = new Dispatcher(ROUTES, node, (answer) => answer, log.logger)
  return await dispatcher.answer(httpRequest(target, { method }))
}

describe("a request is answered by the route", () => {
  test.each([
    ["/query?n=1", "query n=1"],
    ["/query", "query "],
    ["/part/", "part "],
    ["/part/1/2", "part 1/2"],
    ["/part/whole", "whole"],
    ["/later", "later"],
  ])("of its path: %s", async (target, line) => {
    expect(await ask(target)).toEqual(text(200, line))
  })
})

describe("no route is found", () => {
  test.each(["/", "", "/quer", "/query/", "/part", "/QUERY"])("for the path %p", async (path) => {
    for (const method of ["GET", "POST"]) {
      expect(await ask(path, method)).toEqual(text(404, "not found"))
    }
  })

  test.each(["/query", "/part/1", "/bug"])(
    "for another method of %s, and its own is named",
    async (path) => {
      for (const method of ["POST", "HEAD", "OPTIONS", "get"]) {
        const answer = await ask(path, method)
        expect(answer).toEqual(text(405, "method not allowed: use GET", ALLOW_GET))
      }
    },
  )
})

describe("what a handler throws, at once or later,", () => {
  test.each(["/wrong", "/wrong-later"])("is 400 when the client is wrong: %s", async (path) => {
    const log = new MemoryLog()
    expect(await ask(path, "GET", log)).toEqual(text(400, "n is wrong"))
    expect(log.lines).toEqual([])
  })

  test.each(["/bug", "/bug-later"])("is 500 otherwise, and only logged: %s", async (path) => {
    const log = new MemoryLog()
    expect(await ask(path, "GET", log)).toEqual({
      status: 500,
      mediaType: MediaType.TEXT,
      body: "internal error\n",
      headers: undefined,
    })
    expect(log.texts()).toEqual([`error request-failed GET ${path} was answered 500`])
    const fields = { method: "GET", path, err: { message: "secret" } }
    expect(log.lines[0]).toMatchObject(fields)
  })
})

test("an answer is encoded once, whatever came of the request", async () => {
  const encoded: number[] = []
  const node = servedNode(new FakeServer())
  const encode = ({ status }: HttpAnswer): number => encoded.push(status)
  const dispatcher = new Dispatcher(ROUTES, node, encode, new MemoryLog().logger)
  for (const path of ["/query", "/later", "/wrong", "/bug-later", "/nowhere"]) {
    await dispatcher.answer(httpRequest(path))
  }
  expect(encoded).toEqual([200, 200, 400, 500, 404])
})
