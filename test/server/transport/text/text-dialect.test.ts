import { describe, expect, test } from "bun:test"
import { Op } from "../../../../protocol/index.ts"
import { FakeClient, START_NUMBER, cutAt, utf8 } from "../../../support/fake-client.ts"
import { lines, say } from "../../../support/fake-sessions.ts"
import { requests } from "../../../support/tcp-client.ts"
import { NODE_ID } from "../../../support/virtual-node.ts"

const PONG = String((BigInt(NODE_ID) << 48n) + START_NUMBER)
const ID = expect.stringMatching(/^[0-9]{16}$/)
const TOO_LONG = "ERR BAD_REQUEST line longer than 256 bytes"

describe("lines", () => {
  const SESSION = "ping\r\nepoch\nlunique 2\r\nnonsense\r\n\r\ndunique key grün\nclock\n"
  const whole = say(SESSION)

  test("end in LF or CRLF", () => {
    expect(whole.length).toBe(8)
    expect(whole[4]).toBe('ERR BAD_REQUEST unknown command "nonsense"; try help')
    expect(whole[5]).toBe("ERR BAD_REQUEST empty line; try help")
  })

  test("are answered the same wherever they are cut, within a letter as well", () => {
    const bytes = utf8(SESSION)
    for (let at = 0; at <= bytes.length; at++) expect(say(...cutAt(bytes, at))).toEqual(whole)
    expect(say(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole)
  })

  test("have up to 256 bytes, their ending not counted", () => {
    const longest = `dunique key ${"k".repeat(256 - 12)}`
    for (const ending of ["\n", "\r\n"]) {
      expect(say(longest + ending)).toEqual([ID])
      expect(say(`${longest}k${ending}ping\n`)).toEqual([TOO_LONG, PONG])
    }
  })

  test("have up to 256 bytes wherever they are cut", () => {
    const longest = `dunique key ${"k".repeat(256 - 12)}`
    const bytes = utf8(`${longest}\r\n${longest}k\r\nping\n`)
    const expected = [ID, TOO_LONG, PONG]
    for (let at = 0; at <= bytes.length; at++) expect(say(...cutAt(bytes, at))).toEqual(expected)
    expect(say(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(expected)
  })

  test("of any length more are answered once, and the next is a line again", () => {
    const part = "x".repeat(10_000)
    expect(say(part, part, part, `${part}\nping\n`)).toEqual([TOO_LONG, PONG])
    expect(say(`${part}\n${part}\nping\n`)).toEqual([TOO_LONG, TOO_LONG, PONG])
  })

  test("without an end are not kept: twenty megabytes take no time", () => {
    const part = "x".repeat(1_000)
    const client = new FakeClient()
    for (let i = 0; i < 20_000; i++) client.send(part)
    client.send("\nping\n")
    expect(lines(client)).toEqual([TOO_LONG, PONG])
  })

  test("that hold no text at all are answered like any other", () => {
    // The bytes from 255 down to 6, but for LF: the line stays within its limit.
    const bytes = Uint8Array.from({ length: 250 }, (_, i) => (i === 245 ? 0 : 255 - i))
    const [first, ...rest] = say("x", bytes, "\nping\n")
    expect(first).toStartWith('ERR BAD_REQUEST unknown command "x?')
    expect(rest).toEqual([PONG])
  })

  test.each([" ", "!", "A", "~"])("are what a connection speaks that begins with %j", (first) => {
    expect(say(`${first}\nping\n`)).toEqual([expect.stringContaining("ERR"), PONG])
  })

  test("stay lines on a connection that began with one, whatever comes", () => {
    const answers = say("ping\n", requests([{ op: Op.LOCAL }]), "\nping\n")
    expect(answers).toEqual([PONG, expect.stringContaining("ERR BAD_REQUEST"), PONG])
  })
})

describe("a request of HTTP", () => {
  const BODY = "this port is not for HTTP: this node has none for it\n"
  const REFUSAL = new RegExp(
    `^HTTP/1\\.1 400 Bad Request\r\n[^]*\r\nContent-Length: ${BODY.length}\r\n[^]*\r\n\r\n${BODY}$`,
  )

  test.each([
    "POST / HTTP/1.1\r\nHost: localhost:6454\r\n\r\nlunique\nlunique\n",
    "GET /lunique HTTP/1.1\r\n\r\nlunique\n",
    "OPTIONS * HTTP/1.1\nlunique\n",
    `POST /${"x".repeat(1_000)} HTTP/1.1\r\n\r\nlunique\n`,
    `HEAD /${"x".repeat(250)} HTTP/1.1\r\nlunique\n`,
  ])("carries none of its lines out, wherever it is cut: %j", (request) => {
    const bytes = utf8(request)
    for (let at = 0; at <= bytes.length; at++) {
      const client = new FakeClient()
      client.send(...cutAt(bytes, at))
      client.send("lunique\n")
      expect(client.text).toMatch(REFUSAL)
      expect(client.calls).toEqual(["shutdown"])
      client.connection.ended()
      expect(client.calls).toEqual(["shutdown", "end"])
    }
  })

  test("may end without a line ending, and comes after the answers before it", () => {
    const client = new FakeClient()
    client.send("ping\nPOST / HTTP/1.1")
    client.connection.ended()
    expect(client.text.slice(0, PONG.length + 1)).toBe(`${PONG}\n`)
    expect(client.text.slice(PONG.length + 1)).toMatch(REFUSAL)
    expect(client.calls).toEqual(["end"])
  })

  test("is no part of a long line, nor a word in capitals", () => {
    expect(
      say("x".repeat(300), "POST / HTTP/1.1\nping\n", "PING\nSOMETHING on\nGET\nping\n"),
    ).toEqual([
      TOO_LONG,
      PONG,
      PONG,
      'ERR BAD_REQUEST unknown command "SOMETHING"; try help',
      'ERR BAD_REQUEST unknown command "GET"; try help',
      PONG,
    ])
  })
})

describe("the end of the session", () => {
  test("quit closes after the answers before it, and what follows is not read", () => {
    const client = new FakeClient()
    client.send("ping\nquit\nping\n", "ping\n")
    expect([lines(client), client.calls]).toEqual([[PONG], ["end"]])
  })

  test("is answered for the last line without an ending, too", () => {
    const client = new FakeClient()
    client.send("ping\nping")
    expect(lines(client)).toEqual([PONG])
    client.connection.ended()
    expect([lines(client), client.calls]).toEqual([[PONG, PONG], ["end"]])
  })

  test("after a whole line brings no further answer", () => {
    const client = new FakeClient()
    client.send("ping\n")
    client.connection.ended()
    expect([lines(client), client.calls]).toEqual([[PONG], ["end"]])
  })

  test("may be a quit without an ending, or a line that is too long", () => {
    const quitting = new FakeClient()
    quitting.send("quit")
    quitting.connection.ended()
    expect([quitting.text, quitting.calls]).toEqual(["", ["end"]])
    const endless = new FakeClient()
    endless.send("x".repeat(300))
    endless.connection.ended()
    expect([lines(endless), endless.calls]).toEqual([[TOO_LONG], ["end"]])
  })
})
