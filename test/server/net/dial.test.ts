import { expect, test } from "bun:test"
import { dialTcp } from "../../../server/net/dial.ts"
import type { PeerSocket, PeerSocketEvents } from "../../../server/net/dial.ts"
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

  constructor(port: number, host = "127.0.0.1") {
    dialTcp({ host, port }, this)
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

function echoServer(): { port: number; stop: () => void } {
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
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
