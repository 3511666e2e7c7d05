import { describe, expect, test } from "bun:test"
import { version } from "../../../../package.json"
import { decodeId, keyHash } from "../../../../protocol/index.ts"
import { FakeClient, FakeServer, cutAt, utf8 } from "../../../support/fake-client.ts"
import { keysAskedOf, usedUp } from "../../../support/fake-sessions.ts"
import { NODE_ID } from "../../../support/virtual-node.ts"

/** What comes back for these lines. */
function say(...chunks: (string | Uint8Array)[]): string {
  const client = new FakeClient()
  client.send(...chunks)
  return client.text
}

/** An answer to `get` of one name. */
const ONE = /^VALUE local 0 (\d+)\r\n(\d+)\r\nEND\r\n$/

describe("get", () => {
  test("has an id of this node as a value", () => {
    const [, size, id] = ONE.exec(say("get local\r\n"))!
    expect(Number(size)).toBe(id!.length)
    expect(decodeId(id!).node).toBe(NODE_ID)
  })

  test("has an id of each name in their order, under the name it was asked for by", () => {
    const names = ["local", "node:7", "random", "key:user:42", "local"]
    const text = say(`get ${names.join(" ")}\r\n`)
    const values = [...text.matchAll(/VALUE (\S+) 0 (\d+)\r\n(\d+)\r\n/g)]
    expect(values.map(([, name]) => name!)).toEqual(names)
    expect(new Set(values.map(([, , , id]) => id)).size).toBe(5)
    expect(text).toEndWith("\r\nEND\r\n")
  })

  test("with an s has the id as the number of the value as well", () => {
    const [, size, unique, id] = /^VALUE local 0 (\d+) (\d+)\r\n(\d+)\r\nEND\r\n$/.exec(
      say("gets local\r\n"),
    )!
    expect(unique).toBe(id)
    expect(Number(size)).toBe(id!.length)
  })

  test("is read wherever it is cut, with LF alone and with more spaces", () => {
    const bytes = utf8("get local\nget  random  \r\n")
    const expected = /^VALUE local 0 \d+\r\n\d+\r\nEND\r\nVALUE random 0 \d+\r\n\d+\r\nEND\r\n$/
    for (let at = 0; at <= bytes.length; at++) expect(say(...cutAt(bytes, at))).toMatch(expected)
  })

  test("hashes the bytes of a key as they stand", () => {
    const server = new FakeServer()
    const asked = keysAskedOf(server)
    const client = new FakeClient(server)
    client.send("get key:grün\r\n")
    expect(asked).toEqual([keyHash("grün")])
    expect(client.text).toStartWith("VALUE key:grün 0 ")
  })

  test("stands in line with the lines around it", () => {
    expect(say("lunique\nget local node:7\r\nlunique\n")).toMatch(
      /^\d+\n(VALUE \S+ 0 \d+\r\n\d+\r\n){2}END\r\n\d+\n$/,
    )
  })

  test("waits for ids, as other requests do", () => {
    const server = usedUp()
    const client = new FakeClient(server)
    client.send("get local local\r\n")
    expect(client.text).toBe("")
    server.node.environment.advance(1)
    expect(client.text).toMatch(/^(VALUE local 0 \d+\r\n\d+\r\n){2}END\r\n$/)
  })
})

describe("what is wrong", () => {
  const NAMES = "it is local, random, node:ID or key:TEXT"

  test.each([
    ["get", "CLIENT_ERROR get takes a name or several, such as get local"],
    ["gets ", "CLIENT_ERROR gets takes a name or several, such as gets local"],
    ["get orders", `CLIENT_ERROR there is no id named "orders": ${NAMES}`],
    ["get local Local", `CLIENT_ERROR there is no id named "Local": ${NAMES}`],
    ["get node:1024", `CLIENT_ERROR there is no id named "node:1024": ${NAMES}`],
    ["get \u0007ü", `CLIENT_ERROR there is no id named "??": ${NAMES}`],
    [`get ${"x".repeat(50)}`, `CLIENT_ERROR there is no id named "${"x".repeat(40)}...": ${NAMES}`],
    [`get ${"x".repeat(300)}`, "CLIENT_ERROR line longer than 256 bytes"],
    ["get local node:9 local", "CLIENT_ERROR UNKNOWN_NODE node 9 is not in this cluster"],
    ["incr orders 1", "CLIENT_ERROR incr is not there: ids are got by get and gets"],
    ["delete local", "CLIENT_ERROR delete is not there: ids are got by get and gets"],
    ["stats", "CLIENT_ERROR stats is not there: ids are got by get and gets"],
  ])("%p is one line that ends as its clients expect, and the next is read", (line, answer) => {
    expect(say(`${line}\r\nversion\r\n`)).toBe(`${answer}\r\nVERSION ${version} firn\r\n`)
  })

  test.each(["set", "add", "replace", "append", "prepend", "cas", "ms"])(
    "%s closes the connection: the value behind it is none of the lines",
    (verb) => {
      const client = new FakeClient()
      client.send(`${verb} local 0 0 7\r\nlunique\r\n`)
      expect(client.text).toBe(`CLIENT_ERROR ${verb} is not there: ids are got by get and gets\r\n`)
      expect(client.calls.at(-1)).toBe("shutdown")
    },
  )

  test("for now is an error of the server, and not of the client", () => {
    const client = new FakeClient()
    client.send("lunique\n")
    client.connection.refuse()
    client.send("get local\r\n")
    expect(client.text).toMatch(/^\d+\nSERVER_ERROR NOT_READY [^\n]+\r\n$/)
  })
})
