import { expect, test } from "bun:test"
import { dialTcp, dialWith } from "../../../server/net/dial.ts"
import type { Attempt, Dial, PeerSocket, PeerSocketEvents } from "../../../server/net/dial.ts"
import { within } from "../../support/deadline.ts"
import { SocketOption, socketOption } from "../../support/socket-option.ts"
import { testWith } from "../../support/tools.ts"

/** Notes what becomes of a connection. */
class Dialled implements PeerSocketEvents {
  readonly opening: PromiseWithResolvers<PeerSocket> = Promise.withResolvers()
  readonly closing: PromiseWithResolvers<string> = Promise.withResolvers()
  readonly echo: PromiseWithResolvers<string> = Promise.withResolvers()
  drains = 0
  #text = ""

  readonly attempt: Attempt

  constructor(port: number, host = "127.0.0.1", dial: Dial = dialTcp()) {
    this.attempt = dial({ host, port }, this)
  }

  opened(socket: PeerSocket): void {
    this.opening.resolve(socket)
  }

  data(chunk: Uint8Array): void {
    this.#text += new TextDecoder().decode(chunk)
    if (this.#text.endsWith("\n")) this.echo.resolve(this.#text)
  }

  drained(): void {
    this.drains++
  }

  closed(reason: string): void {
    this.closing.resolve(reason)
  }
}

function echoServer(hostname = "127.0.0.1", port = 0): { port: number; stop: () => void } {
  const listener = Bun.listen({
    hostname,
    port,
    socket: { data: (socket, chunk) => void socket.write(chunk) },
  })
  return { port: listener.port, stop: () => listener.stop(true) }
}

test("a connection carries bytes both ways, and tells when the other side closes it", async () => {
  const server = echoServer()
  const dialled = new Dialled(server.port)
  const socket = await within("the connection", dialled.opening.promise)
  const bytes = new TextEncoder().encode("xxhello\n")
  expect(socket.write(bytes, 2, 6)).toBe(6)
  expect(await within("the echo", dialled.echo.promise)).toBe("hello\n")
  server.stop()
  expect(await within("the end", dialled.closing.promise)).toBe("it closed the connection")
  socket.terminate()
})

test("where nothing listens, that is said", async () => {
  const server = echoServer()
  server.stop()
  const dialled = new Dialled(server.port)
  expect(await within("the refusal", dialled.closing.promise)).toBe("nothing listens there")
})

test("a name that is none is no more than an address that cannot be reached", async () => {
  const dialled = new Dialled(1, "no-such-host.invalid")
  expect(await within("the refusal", dialled.closing.promise)).toContain("no-such-host.invalid")
})

testWith("/proc")("a connection has its network watched", async () => {
  const server = echoServer()
  const dialled = new Dialled(server.port)
  const socket = await within("the connection", dialled.opening.promise)
  expect(socketOption(socket, SocketOption.KEEPALIVE)).toBe(1)
  expect(socketOption(socket, SocketOption.KEEP_IDLE)).toBe(50)
  socket.terminate()
  server.stop()
})

async function echoed(dialled: Dialled): Promise<string> {
  const socket = await within("the connection", dialled.opening.promise)
  socket.write(new TextEncoder().encode("hello\n"), 0, 6)
  const text = await within("the echo", dialled.echo.promise)
  socket.terminate()
  return text
}

test("a name that has moved is dialled where it is now", async () => {
  const before = echoServer("127.0.0.1")
  const after = echoServer("127.0.0.2", before.port)
  const hosts = ["127.0.0.1", "127.0.0.2"]
  const dial = dialWith((name) => Promise.resolve(name === "moved" ? [hosts.shift()!] : []))
  expect(await echoed(new Dialled(before.port, "moved", dial))).toBe("hello\n")
  before.stop()
  expect(await echoed(new Dialled(before.port, "moved", dial))).toBe("hello\n")
  after.stop()
})

test("each address of a name is tried, the last one tells why none answers", async () => {
  const server = echoServer("127.0.0.2")
  const dial = dialWith(() => Promise.resolve(["127.0.0.1", "127.0.0.2"]))
  expect(await echoed(new Dialled(server.port, "both", dial))).toBe("hello\n")
  server.stop()
  const refused = new Dialled(server.port, "both", dial)
  expect(await within("the refusal", refused.closing.promise)).toBe("nothing listens there")
})

test("where an attempt was given up, the next ones still get there, and tell why they do not", async () => {
  const server = echoServer()
  const dial = dialWith((host) => Promise.resolve([host]))
  const abandoned = new Dialled(server.port, "127.0.0.1", dial)
  abandoned.attempt.abandon()
  expect(await echoed(new Dialled(server.port, "127.0.0.1", dial))).toBe("hello\n")
  new Dialled(server.port, "127.0.0.1", dial).attempt.abandon()
  server.stop()
  const refused = new Dialled(server.port, "127.0.0.1", dial)
  expect(await within("the refusal", refused.closing.promise)).toBe("nothing listens there")
  // Nothing was told of the first.
  expect(Bun.peek.status(abandoned.opening.promise)).toBe("pending")
  expect(Bun.peek.status(abandoned.closing.promise)).toBe("pending")
})
