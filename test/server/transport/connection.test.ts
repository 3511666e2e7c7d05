import { describe, expect, test } from "bun:test"
import { Op, RESPONSE_SIZE, Status } from "../../../protocol/index.ts"
import { QUANTUM } from "../../../server/generator/fair-queue.ts"
import { FakeClient, WAIT_TIMEOUT_MS } from "../../support/fake-client.ts"
import { many, usedUp } from "../../support/fake-sessions.ts"
import { requests } from "../../support/tcp-client.ts"
import type { RequestFields } from "../../support/tcp-client.ts"

const PING: RequestFields = { op: Op.PING, count: 0 }
/** Bytes of the answers of one slice. */
const FULL_SLICE = 1_024 * RESPONSE_SIZE

function ids(client: FakeClient): bigint[] {
  return client.answers.map(({ value }) => value)
}

function expectIncreasing(values: readonly bigint[]): void {
  expect(values.findIndex((value, i) => i > 0 && value <= values[i - 1]!)).toBe(-1)
}

describe("a connection whose requests have to wait for ids", () => {
  test("is paused after what could be answered, and resumed when all is", () => {
    const client = new FakeClient()
    const { environment } = client.server.node
    client.send(many(100_000))
    expect(client.calls).toEqual(["pause"])
    environment.advance(0)
    const before = client.answers.length
    expect(before).toBeWithin(10 * 4_096, 11 * 4_096 + 1)
    environment.advance(1)
    expect(client.answers.length - before).toBe(4_096)
    environment.advance(100)
    expect(client.answers.length).toBe(100_000)
    expect(client.calls).toEqual(["pause", "resume"])
    expect(client.answers.every(({ status }) => status === Status.OK)).toBe(true)
    expectIncreasing(ids(client))
    expect(environment.timerCount).toBe(0)
  })

  test("answers what does not need ids only in its turn", () => {
    const client = new FakeClient(usedUp())
    client.send(requests([PING, { op: Op.LOCAL }, PING]))
    expect(client.answers.length).toBe(1)
    client.server.node.environment.advance(1)
    expect(client.answers.length).toBe(3)
  })

  test("keeps the unfinished frame behind them", () => {
    const client = new FakeClient(usedUp())
    const bytes = many(3)
    client.send(bytes.subarray(0, 21))
    client.server.node.environment.advance(1)
    expect([client.answers.length, client.paused]).toEqual([2, false])
    client.send(bytes.subarray(21))
    expect(client.answers.length).toBe(3)
  })

  test("does not keep others from being served", () => {
    const server = usedUp()
    const waiting = new FakeClient(server)
    waiting.send(many(1))
    const other = new FakeClient(server)
    other.send(many(5, PING))
    expect(other.answers.length).toBe(5)
    waiting.server.node.environment.advance(1)
    expect(waiting.answers.length).toBe(1)
  })

  test("shares what there is with others that wait, each in its turn", () => {
    const server = usedUp()
    const clients = Array.from({ length: 4 }, () => new FakeClient(server))
    for (const client of clients) client.send(many(20 * 4_096))
    for (let ms = 0; ms < 40; ms++) server.node.environment.advance(1)
    for (const client of clients) {
      expect(client.answers.length).toBeWithin(10 * 4_096 - QUANTUM, 10 * 4_096 + QUANTUM + 1)
    }
  })

  test("that is closed is left alone", () => {
    const client = new FakeClient(usedUp())
    client.send(many(10))
    client.connection.closed()
    client.server.node.environment.advance(5)
    expect([client.writes, client.calls]).toEqual([[], ["pause"]])
  })

  test("goes on when there are ids again, the smaller request first", () => {
    const server = usedUp()
    const large = new FakeClient(server)
    large.send(many(1, { op: Op.LOCAL, count: 4_096 }))
    const small = new FakeClient(server)
    small.send(many(1))
    const { environment } = server.node
    environment.wallStands = true
    environment.advance(5)
    expect([large.writes, small.writes]).toEqual([[], []])
    environment.wallStands = false
    environment.advance(3)
    expectIncreasing([...ids(small), ...ids(large)])
    expect([large.answers.length, small.answers.length]).toEqual([1, 1])
  })

  test("has nothing to go on with otherwise", () => {
    const client = new FakeClient()
    client.connection.resume(Infinity)
    client.accept = () => 0
    client.send(many(1, PING))
    client.connection.resume(Infinity)
    expect(client.writes).toEqual([RESPONSE_SIZE])
  })

  test("that speaks text is paused and resumed alike", () => {
    const client = new FakeClient(usedUp())
    client.send("ping\nlunique 4096\nping\n")
    expect(client.text.split("\n").length).toBe(2)
    client.server.node.environment.advance(1)
    expect(client.text.split("\n").length).toBe(1 + 4_096 + 1 + 1)
    expect(client.calls).toEqual(["pause", "resume"])
  })

  test("that speaks text shares alike", () => {
    const server = usedUp()
    const clients = Array.from({ length: 3 }, () => new FakeClient(server))
    for (const client of clients) client.send("lunique 4096\n".repeat(10))
    for (let ms = 0; ms < 9; ms++) server.node.environment.advance(1)
    const lines = clients.map(({ text }) => text.split("\n").length - 1)
    expect(lines).toEqual([3 * 4_096, 3 * 4_096, 3 * 4_096])
  })
})

describe("a request that has waited for ids for too long", () => {
  test("is refused, and so is what waits behind it; what needs no ids is answered", () => {
    const server = usedUp()
    server.node.environment.wallStands = true
    const client = new FakeClient(server)
    client.send(requests([{ op: Op.LOCAL }, PING, { op: Op.LOCAL, count: 4_096 }]))
    server.node.environment.advance(WAIT_TIMEOUT_MS - 10)
    expect(client.answers.length).toBe(0)
    server.node.environment.advance(100)
    const [first, ping, last] = client.answers
    expect([first!.status, ping!.status, last!.status]).toEqual([
      Status.OVERLOADED,
      Status.OK,
      Status.OVERLOADED,
    ])
    expect(first!.value).toBe(1n)
    expect(client.calls).toEqual(["pause", "resume"])
  })

  test("is refused on its own connection, also while its client does not read", () => {
    const server = usedUp()
    const { environment } = server.node
    environment.wallStands = true
    const deaf = new FakeClient(server)
    deaf.accept = () => 4
    deaf.send(requests([PING, { op: Op.LOCAL }]))
    const other = new FakeClient(server)
    environment.advance(WAIT_TIMEOUT_MS + 100)
    other.send(many(2, PING))
    expect(other.answers.map(({ status }) => status)).toEqual([Status.OK, Status.OK])
    deaf.accept = (length) => length
    deaf.connection.drained()
    expect(deaf.answers.map(({ status }) => status)).toEqual([Status.OK, Status.OVERLOADED])
  })
})

describe("a connection whose socket is gone", () => {
  test("is ended by the first write that fails, and all it had asked for is dropped", () => {
    const client = new FakeClient()
    client.accept = () => -1
    client.send(many(100_000))
    expect([client.writes.length, client.calls]).toEqual([1, ["terminate"]])
    client.server.node.environment.advance(100)
    client.connection.drained()
    client.connection.ended()
    client.connection.closed()
    expect([client.writes.length, client.server.node.environment.timerCount]).toEqual([1, 0])
  })

  test("takes what comes while it is paused, as before a reset, and answers it in its turn", () => {
    const client = new FakeClient(usedUp())
    client.send(requests([{ op: Op.LOCAL }, { op: Op.LOCAL }]).subarray(0, 13))
    expect(client.paused).toBe(true)
    client.connection.data(requests([{ op: Op.LOCAL }, PING]).slice(5))
    client.server.node.environment.advance(2)
    expect(client.answers.length).toBe(3)
    expectIncreasing(ids(client).slice(0, 2))
  })
})

describe("a connection that is not read from", () => {
  test("is paused at the first write that is not taken whole, and goes on when drained", () => {
    const client = new FakeClient()
    client.accept = () => 13
    client.send(many(10, PING))
    expect([client.bytes.length, client.calls]).toEqual([13, ["pause"]])
    client.connection.drained()
    expect(client.bytes.length).toBe(26)
    client.accept = (length) => length
    client.connection.drained()
    expect([client.bytes.length, client.calls]).toEqual([10 * RESPONSE_SIZE, ["pause", "resume"]])
  })

  test("has no further request answered until then", () => {
    const client = new FakeClient()
    client.accept = () => 0
    client.send(many(8_000, PING))
    expect(client.writes).toEqual([FULL_SLICE])
    client.connection.drained()
    client.connection.drained()
    expect(client.writes).toEqual([FULL_SLICE, FULL_SLICE, FULL_SLICE])
    client.accept = (length) => length
    client.connection.drained()
    client.server.node.environment.advance(0)
    expect(client.answers.length).toBe(8_000)
    expect(client.calls).toEqual(["pause", "resume"])
  })

  test("and has to wait for ids, waits for the one and then for the other", () => {
    const client = new FakeClient()
    client.accept = () => 5
    client.send(many(60_000))
    client.server.node.environment.advance(3)
    expect(client.bytes.length).toBe(5)
    client.accept = (length) => length
    client.connection.drained()
    expect(client.answers.length).toBeLessThan(60_000)
    client.server.node.environment.advance(10)
    expect(client.answers.length).toBe(60_000)
    expect(client.calls).toEqual(["pause", "resume"])
    expectIncreasing(ids(client))
  })

  test("and is closed meanwhile, ends there", () => {
    const client = new FakeClient()
    client.accept = () => 5
    client.send(many(3, PING))
    client.accept = () => -1
    client.connection.drained()
    client.connection.closed()
    expect(client.bytes.length).toBe(5)
  })

  test("that speaks text is paused and goes on alike", () => {
    const client = new FakeClient()
    client.accept = () => 3
    client.send("epoch\nepoch\nepoch\nep")
    for (let i = 0; i < 50 && client.paused; i++) client.connection.drained()
    client.send("och\n")
    expect(client.text.slice(0, 42)).toBe("1767225600000\n".repeat(3))
    expect(client.calls.slice(0, 2)).toEqual(["pause", "resume"])
  })
})
