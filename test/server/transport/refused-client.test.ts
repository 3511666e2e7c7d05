import { describe, expect, test } from "bun:test"
import { Op, RESPONSE_SIZE, Status } from "../../../protocol/index.ts"
import { BATCH_SIZE } from "../../../server/transport/write-batch.ts"
import { many } from "../../support/fake-sessions.ts"
import { TableServer } from "../../support/table-client.ts"
import type { TableClient } from "../../support/table-client.ts"
import { requests } from "../../support/tcp-client.ts"

const REFUSAL = { status: Status.OVERLOADED, value: 1_000n }
const LINE = "ERR OVERLOADED too much is waiting for the node: try again in 1000 ms\n"

function refused(): TableClient {
  const server = new TableServer({ maxConnections: 1 })
  server.connect()
  return server.connect()
}

describe("a client that is one too many", () => {
  test("has each of its frames answered, and then gets a FIN", () => {
    const client = refused()
    client.send(requests([{}, { op: Op.PING, count: 0 }, { op: Op.KEY, target: 5 }]))
    expect(client.answers).toEqual([REFUSAL, REFUSAL, REFUSAL])
    expect(client.calls).toEqual(["shutdown"])
    client.send(requests([{}]))
    expect([client.answers.length, client.calls]).toEqual([3, ["shutdown"]])
    client.halfClose()
    expect(client.calls).toEqual(["shutdown", "end"])
  })

  test("is waited for until its first frame is whole", () => {
    const client = refused()
    const frame = requests([{}])
    client.send(frame.subarray(0, 1), frame.subarray(1, 7))
    expect([client.bytes.length, client.calls]).toEqual([0, []])
    client.send(frame.subarray(7))
    expect([client.answers, client.calls]).toEqual([[REFUSAL], ["shutdown"]])
  })

  test("has each of its lines answered", () => {
    const client = refused()
    client.send("lunique 3\r\nping\n")
    expect([client.text, client.calls]).toEqual([LINE + LINE, ["shutdown"]])
  })

  test("has a last line answered that has no ending", () => {
    const client = refused()
    client.send("lunique")
    expect(client.calls).toEqual([])
    client.halfClose()
    expect([client.text, client.calls]).toEqual([LINE, ["shutdown", "end"]])
  })

  test("is told what a line means that asks for nothing of the node", () => {
    const client = refused()
    client.send("what\n")
    expect(client.text).toStartWith("ERR BAD_REQUEST unknown command")
    expect(client.calls).toEqual(["shutdown"])
  })

  test("is closed when it says quit, or nothing at all", () => {
    const quitting = refused()
    quitting.send("quit\n")
    expect([quitting.text, quitting.calls]).toEqual(["", ["shutdown"]])
    const leaving = refused()
    leaving.halfClose()
    expect([leaving.text, leaving.calls]).toEqual(["", ["end"]])
  })

  test("gets no more answers than one write takes, whatever it asks", () => {
    const client = refused()
    client.send(many(60_000))
    expect(client.writes).toEqual([Math.ceil(BATCH_SIZE / RESPONSE_SIZE) * RESPONSE_SIZE])
    expect(client.calls).toEqual(["shutdown"])
  })

  test("costs no id", () => {
    const server = new TableServer({ maxConnections: 1 })
    const first = server.connect()
    const other = server.connect()
    first.send(requests([{}]))
    other.send(requests([{ count: 100 }]))
    first.send(requests([{}]))
    const [before, after] = first.answers
    expect(after!.value - before!.value).toBe(1n)
  })
})
