import { describe, expect, test } from "bun:test"
import { Op, REQUEST_SIZE, RESPONSE_SIZE, Status } from "../../../protocol/index.ts"
import { QUEUE_MAX } from "../../../server/transport/answer-queue.ts"
import { ClusterServer } from "../../support/cluster-server.ts"
import { FakeClient } from "../../support/fake-client.ts"
import { requests } from "../../support/tcp-client.ts"
import type { RequestFields } from "../../support/tcp-client.ts"

const REMOTE: RequestFields = { op: Op.NODE, target: 1 }

function many(count: number, request: RequestFields = REMOTE): Uint8Array {
  return requests(Array<RequestFields>(count).fill(request))
}

/** A client of a node whose peer 1 holds its answers back. */
function holding(): { client: FakeClient; server: ClusterServer } {
  const server = new ClusterServer([1])
  server.connect()
  server.fake(1).behaviour = () => "HOLD"
  return { client: new FakeClient(server), server }
}

describe("a connection with too many answers to wait for", () => {
  test("is not read from until there is room, and then goes on", () => {
    const { client, server } = holding()
    client.send(many(QUEUE_MAX + 1_000))
    expect(client.calls).toEqual(["pause"])
    server.environment.advance(5)
    expect(server.fake(1).asked.length).toBe(QUEUE_MAX)
    server.fake(1).release(10)
    server.environment.advance(5)
    expect([client.answers.length, server.fake(1).asked.length]).toEqual([10, QUEUE_MAX + 10])
    expect(client.calls).toEqual(["pause"])
    server.fake(1).release()
    server.environment.advance(5)
    server.fake(1).release()
    server.environment.advance(5)
    expect(client.answers.length).toBe(QUEUE_MAX + 1_000)
    expect(client.calls).toEqual(["pause", "resume"])
  })

  test("counts the local answers that wait behind remote ones", () => {
    const { client, server } = holding()
    client.send(many(1))
    for (let i = 0; i < 5; i++) client.send(many(800, {}))
    expect(client.calls).toEqual([])
    client.send(many(100, {}))
    expect([client.calls, client.answers.length]).toEqual([["pause"], 0])
    server.environment.advance(5)
    server.fake(1).release()
    server.environment.advance(5)
    expect([client.calls, client.answers.length]).toEqual([["pause", "resume"], 4_101])
  })

  test("goes on for any number of requests, a window after the other", () => {
    const { client, server } = holding()
    server.fake(1).behaviour = ({ count }) => server.fake(1).ids(count)
    const bytes = many(10 * QUEUE_MAX + 123)
    const cut = 5 * REQUEST_SIZE + 3
    client.send(bytes.subarray(0, cut))
    client.send(bytes.subarray(cut))
    server.environment.advance(200)
    expect(client.answers.length).toBe(10 * QUEUE_MAX + 123)
    expect(client.answers.every(({ status }) => status === Status.OK)).toBe(true)
  })

  test("does not keep others from being read", () => {
    const { client, server } = holding()
    client.send(many(QUEUE_MAX + 1))
    const other = new FakeClient(server)
    other.send(many(3, {}))
    expect(other.answers.length).toBe(3)
  })
})

describe("a client that does not read its answers", () => {
  test("gets them all when it does, in order, its own and remote ones", () => {
    const { client, server } = holding()
    client.accept = () => 5
    client.send(requests([REMOTE, {}, REMOTE]))
    server.environment.advance(5)
    server.fake(1).release()
    server.environment.advance(5)
    expect([client.calls, client.bytes.length]).toEqual([["pause"], 5])
    client.accept = (length) => length
    client.connection.drained()
    expect([client.calls, client.bytes.length]).toEqual([["pause", "resume"], 3 * RESPONSE_SIZE])
  })

  test("is not written to when answers come while it has no room", () => {
    const { client, server } = holding()
    client.accept = () => 0
    client.send(requests([{}, REMOTE]))
    server.environment.advance(5)
    server.fake(1).release()
    server.environment.advance(5)
    expect(client.writes).toEqual([RESPONSE_SIZE])
    client.accept = (length) => length
    client.connection.drained()
    expect(client.answers.length).toBe(2)
  })
})

describe("a client that closes", () => {
  test("while its requests are in flight is forgotten without harm", () => {
    const { client, server } = holding()
    client.send(many(50))
    server.environment.advance(5)
    client.connection.closed()
    server.fake(1).release()
    server.environment.advance(2_000)
    expect([client.writes, client.calls]).toEqual([[], []])
    const next = new FakeClient(server)
    server.fake(1).behaviour = ({ count }) => server.fake(1).ids(count)
    next.send(many(50))
    server.environment.advance(5)
    expect(next.answers.length).toBe(50)
  })

  test("while it is not read from is forgotten without harm", () => {
    const { client, server } = holding()
    client.send(many(QUEUE_MAX + 5))
    client.connection.closed()
    server.environment.advance(3_000)
    expect([client.writes, client.calls]).toEqual([[], ["pause"]])
  })

  test("one way only gets all answers, then the end", () => {
    const { client, server } = holding()
    client.send(requests([{}, REMOTE, {}, REMOTE]))
    client.connection.ended()
    server.environment.advance(5)
    expect([client.answers.length, client.calls]).toEqual([1, []])
    server.fake(1).release(1)
    server.environment.advance(5)
    expect([client.answers.length, client.calls]).toEqual([3, []])
    server.fake(1).release()
    server.environment.advance(5)
    expect([client.answers.length, client.calls]).toEqual([4, ["end"]])
  })

  test("one way only with more than may be in flight gets all answers, then the end", () => {
    const { client, server } = holding()
    server.fake(1).behaviour = ({ count }) => server.fake(1).ids(count)
    client.send(many(3 * QUEUE_MAX))
    client.connection.ended()
    server.environment.advance(100)
    expect(client.answers.length).toBe(3 * QUEUE_MAX)
    expect(client.calls).toEqual(["pause", "resume", "end"])
  })
})

describe("a connection that is finished", () => {
  test("waits for what is in flight, then sends FIN", async () => {
    const { client, server } = holding()
    client.send(requests([REMOTE, {}]))
    let isFinished = false
    const finished = client.connection.finish().then(() => (isFinished = true))
    server.environment.advance(100)
    await Promise.resolve()
    expect([isFinished, client.calls]).toEqual([false, []])
    server.fake(1).release()
    server.environment.advance(5)
    await finished
    expect([client.answers.length, client.calls]).toEqual([2, ["shutdown"]])
    client.connection.ended()
    client.connection.closed()
    expect(client.answers.length).toBe(2)
  })

  test("is finished when its client goes with requests in flight", async () => {
    const { client, server } = holding()
    client.send(many(3))
    const finished = client.connection.finish()
    client.connection.closed()
    await finished
    server.fake(1).release()
    server.environment.advance(2_000)
    expect(client.writes).toEqual([])
  })

  test("and has had its FIN from the client closes after what is in flight", async () => {
    const { client, server } = holding()
    client.send(many(2))
    const finished = client.connection.finish()
    client.connection.ended()
    server.environment.advance(5)
    server.fake(1).release()
    server.environment.advance(5)
    await finished
    expect([client.answers.length, client.calls]).toEqual([2, ["end"]])
  })
})
