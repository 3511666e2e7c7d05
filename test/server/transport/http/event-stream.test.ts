import { describe, expect, test } from "bun:test"
import { WATCHERS_MAX, eventBytes } from "../../../../server/transport/http/event-hub.ts"
import { FakeServer } from "../../../support/fake-client.ts"
import { HttpClient, SampleEvents, get } from "../../../support/http-request.ts"

const SECOND = 'data: {"n":2}\n\n'
const THIRD = 'data: {"n":3}\n\n'

/** A client that watches, and what it is sent. */
function watching(events = new SampleEvents(), server = new FakeServer()): HttpClient {
  const client = new HttpClient(server, { events })
  client.send(get("/events"))
  return client
}

/** Lets writes that are due happen. */
function settle({ server }: HttpClient): void {
  server.node.environment.advance(1)
}

describe("events", () => {
  test("begin with a head and a first one, and go on", () => {
    const events = new SampleEvents()
    const client = watching(events)
    const [head, body] = client.text.split("\r\n\r\n")
    expect(head).toStartWith("HTTP/1.1 200 OK\r\n")
    expect(head).toContain("\r\nContent-Type: text/event-stream;charset=utf-8\r\n")
    expect(head).toContain("\r\nConnection: close")
    expect(head).not.toContain("Content-Length")
    expect(body).toBe('data: {"first":true}\n\n')
    for (const n of [2, 3]) {
      events.publish(eventBytes({ n }))
      settle(client)
    }
    expect(client.text).toEndWith(SECOND + THIRD)
    expect(events.isWatched).toBe(true)
  })

  test("stand behind the answers to requests before them, and what comes after is not read", () => {
    const events = new SampleEvents()
    const client = new HttpClient(new FakeServer(), { events })
    client.send(get("/healthz") + get("/events") + get("/healthz"))
    events.publish(eventBytes({ n: 2 }))
    settle(client)
    client.send(get("/healthz"))
    expect(client.text.match(/HTTP\/1\.1 200/g)).toHaveLength(2)
    expect(client.text).toEndWith(SECOND)
  })

  test("are not kept for a client that does not read: it gets the next when it reads again", () => {
    const events = new SampleEvents()
    const client = watching(events)
    client.accept = () => 0
    for (let n = 2; n < 1_000; n++) {
      events.publish(eventBytes({ n }))
      settle(client)
    }
    expect(client.connection.held.bytes).toBeLessThan(1_000)
    client.accept = (length) => length
    client.connection.drained()
    settle(client)
    events.publish(eventBytes({ n: 1_000 }))
    settle(client)
    expect(client.text).toEndWith('data: {"n":1000}\n\n')
    expect(client.text.match(/^data/gm)!.length).toBeLessThan(6)
  })

  test("end with the client, whichever side it closes", () => {
    for (const end of ["ended", "closed"] as const) {
      const events = new SampleEvents()
      const client = watching(events)
      client.connection[end]()
      settle(client)
      expect([end, events.isWatched]).toEqual([end, false])
      if (end === "ended") expect(client.calls.at(-1)).toBe("end")
    }
  })

  test("end when the node stops, and the connection with them", () => {
    const events = new SampleEvents()
    const client = watching(events)
    events.close()
    settle(client)
    expect(client.calls).toContain("shutdown")
    expect(watching(events).text).toStartWith("HTTP/1.1 503 ")
  })

  test(`are for ${WATCHERS_MAX} at a time; one more is answered 503, and goes on with other requests`, () => {
    const events = new SampleEvents()
    const server = new FakeServer()
    const clients = Array.from({ length: WATCHERS_MAX }, () => watching(events, server))
    const refused = watching(events, server)
    expect(refused.text).toStartWith("HTTP/1.1 503 Service Unavailable\r\n")
    expect(refused.text).toContain("\r\nRetry-After: 5\r\n")
    refused.send(get("/healthz"))
    expect(refused.text).toEndWith("alive\n")
    clients[0]!.connection.closed()
    expect(watching(events, server).text).toStartWith("HTTP/1.1 200 OK\r\n")
  })
})
