import { describe, expect, test } from "bun:test"
import { Telnet } from "../../../../server/transport/text/telnet.ts"
import { FakeClient } from "../../../support/fake-client.ts"

const [SE, IP, SB, WILL, WONT, DO, DONT, IAC] = [240, 244, 250, 251, 252, 253, 254, 255]
const [TERMINAL_TYPE, TIMING_MARK] = [24, 6]

function ascii(text: string): number[] {
  return [...Buffer.from(text)]
}

/** Hands bytes over in two chunks, cut at each place in turn. */
function eachCut(bytes: readonly number[]): { text: number[]; reply: number[] }[] {
  return Array.from({ length: bytes.length + 1 }, (_, at) => {
    const telnet = new Telnet()
    const chunks = [bytes.slice(0, at), bytes.slice(at)].map((part) => Uint8Array.from(part))
    const text = chunks.flatMap((chunk) => [...telnet.take(chunk)])
    return { text, reply: [...telnet.takeReply()] }
  })
}

test.each([
  ["no command", ascii("ping\n"), ascii("ping\n"), []],
  [
    "Ctrl-C",
    [IAC, IP, IAC, DO, TIMING_MARK, ...ascii("ping\n")],
    ascii("ping\n"),
    [IAC, WONT, TIMING_MARK],
  ],
  ["an offer", [IAC, WILL, TERMINAL_TYPE, ...ascii("a")], ascii("a"), [IAC, DONT, TERMINAL_TYPE]],
  ["what is not wanted", [IAC, WONT, 1, IAC, DONT, 3, ...ascii("a")], ascii("a"), []],
  [
    "a subnegotiation",
    [IAC, SB, 31, 0, 80, IAC, IAC, 0, 24, IAC, SE, ...ascii("a")],
    ascii("a"),
    [],
  ],
  ["a byte that is meant", [...ascii("a"), IAC, IAC], [...ascii("a"), IAC], []],
  ["what is no command", [...ascii("a"), IAC, 10], [...ascii("a"), IAC, 10], []],
])("%s, wherever it is cut", (_, bytes, text, reply) => {
  for (const outcome of eachCut(bytes)) expect(outcome).toEqual({ text, reply })
})

describe("a connection", () => {
  test.each([
    ["Enter", ascii("\r\n"), "ERR BAD_REQUEST empty line; try help\n"],
    ["a line feed", ascii("\n"), "ERR BAD_REQUEST empty line; try help\n"],
    [
      "options, as PuTTY's does",
      [IAC, WILL, 31, IAC, DO, 1],
      Buffer.from([IAC, DONT, 31, IAC, WONT, 1]),
    ],
  ])("that begins with %s speaks text", (_, first, answer) => {
    const client = new FakeClient()
    client.send(Uint8Array.from(first), "version\n")
    const expected = Buffer.concat([Buffer.from(answer), Buffer.from("VERSION 0.1.0 firn\r\n")])
    expect(Buffer.from(client.bytes)).toEqual(expected)
  })
})
