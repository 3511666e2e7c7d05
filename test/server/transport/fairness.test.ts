/*
 * What a modest client, one id at a time, gets beside others, in virtual time: only what waits for
 * the clock counts here, not what a machine can do. `npm run bench -- fairness` has the real thing.
 */
import { describe, expect, test } from "bun:test"
import { Op, Status } from "../../../protocol/index.ts"
import { FakeClient, FakeServer } from "../../support/fake-client.ts"
import { many } from "../../support/fake-sessions.ts"

const BLOCK = { op: Op.LOCAL, count: 4_096 }

/** The longest of so many requests of a modest client, in virtual milliseconds. */
function longestOf(server: FakeServer, requests: number, keepUp: () => void): number {
  const { environment } = server.node
  const modest = new FakeClient(server)
  let longestMs = 0
  for (let i = 0; i < requests; i++) {
    const startMs = environment.monotonicMs()
    modest.send(many(1))
    while (modest.answers.length <= i) {
      environment.advance(0.5)
      keepUp()
    }
    longestMs = Math.max(longestMs, environment.monotonicMs() - startMs)
    environment.advance(0.1)
  }
  expect(modest.answers.every(({ status }) => status === Status.OK)).toBe(true)
  return longestMs
}

function clients(server: FakeServer, count: number): FakeClient[] {
  return Array.from({ length: count }, () => new FakeClient(server))
}

describe("a modest client is answered within 2 ms beside", () => {
  test("200 clients that pipeline blocks", () => {
    const server = new FakeServer()
    for (const client of clients(server, 200)) client.send(many(1_000, BLOCK))
    expect(longestOf(server, 500, () => {})).toBeLessThan(2.1)
  })

  test("3,000 connections that ask for one block each, again and again", () => {
    const server = new FakeServer()
    const greedy = clients(server, 3_000)
    const keepUp = (): void => {
      for (const client of greedy) {
        if (client.paused) continue
        client.forget()
        client.send(many(1, BLOCK))
      }
    }
    keepUp()
    expect(longestOf(server, 300, keepUp)).toBeLessThan(2.1)
  })

  test("50 clients 4,096 deep with single ids", () => {
    const server = new FakeServer()
    const greedy = clients(server, 50)
    const keepUp = (): void => {
      for (const client of greedy) {
        if (client.paused) continue
        client.forget()
        client.send(many(4_096))
      }
    }
    keepUp()
    expect(longestOf(server, 300, keepUp)).toBeLessThan(2.1)
  })

  test("clients that speak text and ask for blocks", () => {
    const server = new FakeServer()
    for (const client of clients(server, 20)) client.send("lunique 4096\n".repeat(50))
    expect(longestOf(server, 50, () => {})).toBeLessThan(2.1)
  })
})

test("nobody waits longer than the wait timeout, whatever is asked for", () => {
  const server = new FakeServer()
  const greedy = clients(server, 20)
  for (const client of greedy) client.send(many(500, BLOCK))
  server.node.environment.advance(1_200)
  for (const { answers, paused } of greedy) {
    expect([answers.length, paused]).toEqual([500, false])
    const refused = answers.filter(({ status }) => status === Status.OVERLOADED)
    expect(refused.length).toBeGreaterThan(400)
    for (const { value } of refused) expect(value).toBeGreaterThan(0n)
  }
})

test("what a client that is gone had asked for takes nothing from the others", () => {
  const server = new FakeServer()
  const greedy = clients(server, 100)
  for (const client of greedy) client.send(many(1_000, BLOCK))
  server.node.environment.advance(20)
  for (const client of greedy) client.connection.closed()
  const other = new FakeClient(server)
  other.send(many(10, BLOCK))
  server.node.environment.advance(11)
  expect(other.answers.length).toBe(10)
  expect(server.node.environment.timerCount).toBe(0)
})
