import { describe, expect, test } from "bun:test"
import { Op, Status } from "../../../protocol/index.ts"
import { FakeClient } from "../../support/fake-client.ts"
import { many, usedUp } from "../../support/fake-sessions.ts"
import type { RequestFields } from "../../support/tcp-client.ts"

const PING: RequestFields = { op: Op.PING, count: 0 }

describe("a client that sends its FIN", () => {
  test("before anything else is closed", () => {
    const client = new FakeClient()
    client.connection.ended()
    expect(client.calls).toEqual(["end"])
  })

  test("after its requests has been answered, and is closed", () => {
    const client = new FakeClient()
    client.send(many(3, PING))
    client.connection.ended()
    expect([client.answers.length, client.calls]).toEqual([3, ["end"]])
  })

  test("inside a frame is closed without an answer to that", () => {
    const client = new FakeClient()
    client.send(many(2, PING).subarray(0, 15))
    client.connection.ended()
    expect([client.answers.length, client.calls]).toEqual([1, ["end"]])
  })

  test("while its requests wait gets every answer first", () => {
    const client = new FakeClient(usedUp())
    client.send(many(6_000))
    client.connection.ended()
    expect(client.calls).toEqual(["pause"])
    client.server.node.environment.advance(2)
    expect([client.answers.length, client.calls]).toEqual([6_000, ["pause", "resume", "end"]])
  })

  test("while its answers wait gets every one of them first", () => {
    const client = new FakeClient()
    client.accept = () => 4
    client.send(many(2, PING))
    client.connection.ended()
    client.connection.drained()
    client.connection.drained()
    client.connection.drained()
    expect(client.calls).not.toContain("end")
    client.connection.drained()
    expect([client.answers.length, client.calls]).toEqual([2, ["pause", "resume", "end"]])
  })

  test("after a last line without an ending that has to wait gets its answer first", () => {
    const client = new FakeClient(usedUp())
    client.send("lunique")
    client.connection.ended()
    expect([client.text, client.calls]).toEqual(["", ["pause"]])
    client.server.node.environment.advance(1)
    expect(client.text).toMatch(/^[0-9]+\n$/)
    expect(client.calls).toEqual(["pause", "resume", "end"])
  })
})

describe("finishing a connection", () => {
  test("that is idle sends FIN, reads no more and closes when the client does", () => {
    const client = new FakeClient()
    client.send(many(2, PING))
    void client.connection.finish()
    expect(client.calls).toEqual(["shutdown"])
    client.send(many(2, PING))
    expect(client.answers.length).toBe(2)
    client.connection.ended()
    expect(client.calls).toEqual(["shutdown", "end"])
  })

  test("that has said nothing yet sends FIN", () => {
    const client = new FakeClient()
    void client.connection.finish()
    expect(client.calls).toEqual(["shutdown"])
  })

  test("whose requests wait answers them first", () => {
    const client = new FakeClient(usedUp())
    client.send(many(5_000))
    void client.connection.finish()
    expect(client.calls).toEqual(["pause"])
    client.server.node.environment.advance(2)
    expect([client.answers.length, client.calls]).toEqual([5_000, ["pause", "resume", "shutdown"]])
  })

  test("whose answers wait sends them first", () => {
    const client = new FakeClient()
    client.accept = () => 17
    client.send(many(2, PING))
    void client.connection.finish()
    expect(client.calls).toEqual(["pause"])
    client.connection.drained()
    expect([client.answers.length, client.calls]).toEqual([2, ["pause", "resume", "shutdown"]])
  })

  test("whose client has sent its FIN and waits closes it once it is answered", () => {
    const client = new FakeClient(usedUp())
    client.send(many(3))
    client.connection.ended()
    void client.connection.finish()
    client.server.node.environment.advance(1)
    expect([client.answers.length, client.calls]).toEqual([3, ["pause", "resume", "end"]])
  })

  test("says when the last answer is out, or can no longer be", async () => {
    const done: string[] = []
    const finish = async (name: string, client: FakeClient): Promise<void> => {
      await client.connection.finish()
      done.push(name)
    }
    const server = usedUp()
    const [idle, waiting, blocked] = [1, 2, 3].map(() => new FakeClient(server))
    waiting!.send(many(1))
    blocked!.accept = () => 0
    blocked!.send(many(1, PING))
    const all = [finish("idle", idle!), finish("waiting", waiting!), finish("blocked", blocked!)]
    await all[0]
    expect(done).toEqual(["idle"])
    server.node.environment.advance(1)
    await all[1]
    expect(done).toEqual(["idle", "waiting"])
    blocked!.connection.closed()
    await all[2]
  })

  test("in a node that has stopped giving out ids answers NOT_READY first", () => {
    const client = new FakeClient(usedUp())
    client.send(many(3))
    void client.connection.finish()
    client.server.node.generator.stop()
    client.server.node.environment.advance(1)
    expect(client.answers.map(({ status }) => status)).toEqual(Array(3).fill(Status.NOT_READY))
    expect(client.calls).toEqual(["pause", "resume", "shutdown"])
  })
})

test("a connection that is closed takes nothing more, and is not closed again", () => {
  const client = new FakeClient()
  client.send(many(1, PING))
  client.connection.closed()
  client.send(many(1, PING))
  void client.connection.finish()
  expect([client.answers.length, client.calls]).toEqual([1, []])
})
