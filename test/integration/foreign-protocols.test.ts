import { expect, setDefaultTimeout, test } from "bun:test"
import { connect } from "node:net"
import { within } from "../support/deadline.ts"
import type { RunningNode } from "../support/firn-process.ts"
import { shareNode } from "../support/shared-node.ts"
import { splitAddress } from "../support/tcp-client.ts"

setDefaultTimeout(30_000)

const PROXY =
  "the PROXY protocol is not spoken here: leave send-proxy out of the balancer's configuration\n"
const TLS = "TLS is not spoken here: connect without it, or start the node with --tls-cert\n"
const SSH = "SSH is not spoken here: this is a Firn node\n"
/** The first bytes of a ClientHello, as OpenSSL 3 sends them. */
const HELLO = "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"
const LINES = "PROXY TCP4 192.0.2.1 192.0.2.2 40000 6454\r\n"
const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n"
/** Version 2, of a connection between two IPv4 addresses: 28 bytes. */
const BINARY = `${SIGNATURE}\x21\x11\0\x0c${"\x7f\0\0\x01".repeat(2)}\x10\0\x20\0`
const FRAME = "\x01\0\0\x01\0\0\0\0"
const REQUEST = "GET /lunique HTTP/1.1\r\nHost: firn\r\n\r\n"

let node: RunningNode
shareNode(7, (started) => (node = started))

/** Sends the pieces one after the other, without FIN. @returns all that comes until the node closes */
async function answerTo(address: string, pieces: readonly string[]): Promise<string> {
  const { hostname, port } = splitAddress(address)
  const socket = connect({ host: hostname, port, noDelay: true })
  let read = ""
  socket.on("data", (chunk) => (read += String(chunk)))
  const closed = new Promise((resolve, reject) => socket.on("end", resolve).on("error", reject))
  for (const piece of pieces) {
    await new Promise((resolve) => socket.write(Buffer.from(piece, "latin1"), resolve))
    await Bun.sleep(0)
  }
  await within("the end of a connection", closed)
  socket.destroy()
  return read
}

test.each([
  ["PROXY, version 1", [LINES + FRAME], PROXY],
  ["the same in two pieces", [LINES.slice(0, 9), LINES.slice(9)], PROXY],
  ["PROXY, version 2", [BINARY + FRAME], PROXY],
  ["the same in two pieces", [BINARY.slice(0, 5), BINARY.slice(5) + FRAME], PROXY],
  ["the same in front of HTTP", [BINARY + REQUEST], PROXY],
  ["TLS", [HELLO], TLS],
  ["SSH", ["SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"], SSH],
])("the TCP port refuses another protocol by its name: %s", async (_, pieces, reason) => {
  expect(await answerTo(node.tcp, pieces)).toBe(`ERR BAD_REQUEST ${reason}`)
})

test.each([
  ["PROXY, version 1", LINES + REQUEST, PROXY],
  ["PROXY, version 2", BINARY + REQUEST, PROXY],
  ["TLS", HELLO, TLS],
  ["SSH", "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n\r\n", SSH],
])("the port for HTTP does so too: %s", async (_, sent, reason) => {
  const answer = await answerTo(node.http, [sent])
  expect(answer).toStartWith("HTTP/1.1 400 Bad Request\r\n")
  expect(answer).toEndWith(`\r\n\r\n${reason}`)
})

test("a bad frame that begins alike is a bad frame, and so is TLS that comes later", async () => {
  const { hostname, port } = splitAddress(node.tcp)
  const socket = connect({ host: hostname, port })
  const { promise, resolve } = Promise.withResolvers<void>()
  let bytes = Buffer.alloc(0)
  socket.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    if (bytes.length >= 27) resolve()
  })
  socket.write(Buffer.from(`\x16\x04\r\n\0\r\nX${FRAME}${HELLO.slice(0, 8)}`, "latin1"))
  await within("three answers", promise)
  socket.destroy()
  expect([bytes[0], bytes[9], bytes[18], bytes.length]).toEqual([1, 0, 1, 27])
})
