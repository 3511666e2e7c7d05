import { describe, expect, setDefaultTimeout, test } from "bun:test"
import type { Address } from "../../../server/net/address.ts"
import type { ClientEvents, Listener, ClientSocket } from "../../../server/net/listen.ts"
import { tcpListen } from "../../../server/net/tcp-listener.ts"
import type { TcpListenerOptions } from "../../../server/net/tcp-listener.ts"
import { openLibc } from "../../../server/net/libc.ts"
import { FreePorts } from "../../../server/supervisor/free-ports.ts"
import { until, within } from "../../support/deadline.ts"
import { SocketOption, socketOption } from "../../support/socket-option.ts"
import { testWith } from "../../support/tools.ts"
import { VirtualEnvironment } from "../../support/virtual-environment.ts"

setDefaultTimeout(30_000)

/** The listener turns so many away between two looks. */
const TURNED_AWAY_MAX = 2_000

class ServedClient implements ClientEvents {
  readonly chunks: string[] = []
  data(chunk: Uint8Array): void {
    this.chunks.push(new TextDecoder().decode(chunk))
  }
  drained(): void {}
  ended(): void {
    this.chunks.push("FIN")
  }
  closed(): void {
    this.chunks.push("closed")
  }
}

/** A listener on a real port, whose timer runs in virtual time. */
class ListenerUnderTest implements Disposable {
  readonly environment = new VirtualEnvironment()
  readonly sockets: ClientSocket[] = []
  readonly clients: ServedClient[] = []
  readonly told: string[] = []
  turnedAway = 0
  isDescriptorLeft = true
  /** Whether a client is served. */
  admits = true
  readonly address: Address
  readonly listener: Listener
  readonly #ports = new FreePorts(1, Math.random)

  constructor(options: Partial<TcpListenerOptions> = {}) {
    const listen = tcpListen({
      descriptorCeiling: Infinity,
      descriptorReserve: 0,
      keepAliveMs: 60_000,
      tls: undefined,
      handshakeTimeoutMs: 5_000,
      socketMode: 0o600,
      libc: undefined,
      environment: this.environment,
      isDescriptorLeft: () => this.isDescriptorLeft,
      ...options,
    })
    this.address = { host: "127.0.0.1", port: this.#ports.take() }
    this.listener = listen<ServedClient>(
      this.address,
      {
        opened: (socket) => this.#opened(socket),
        closed: () => this.told.push("closed"),
        failed: (error) => this.told.push(error.message),
        turnedAway: () => this.turnedAway++,
        handshakesFailed: (count, reason) => this.told.push(`${count} failed: ${reason}`),
        paused: (reason) => this.told.push(`paused: ${reason}`),
        resumed: () => this.told.push("resumed"),
      },
      false,
    )
  }

  /** Connects and waits until the other side closes. @returns how that was, or "refused" */
  async knock(): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>()
    const { host, port } = this.address
    try {
      await Bun.connect({
        hostname: host,
        port,
        socket: {
          data: () => {},
          end: () => resolve("FIN"),
          close: (_, error) => resolve(error === undefined ? "closed" : "reset"),
          error: () => resolve("reset"),
        },
      })
    } catch {
      return "refused"
    }
    return await within("the end of a connection", promise)
  }

  /** Connects; the connection stays open. */
  async connect(): Promise<Disposable & { send(text: string): void; end(): void }> {
    const { host, port } = this.address
    const before = this.clients.length
    const socket = await Bun.connect({ hostname: host, port, socket: { data: () => {} } })
    await until("a client that is served", () => this.clients.length > before)
    return {
      send: (text) => void socket.write(text),
      end: () => void socket.end(),
      [Symbol.dispose]: () => socket.terminate(),
    }
  }

  [Symbol.dispose](): void {
    this.listener.stop()
    for (const socket of this.sockets) socket.terminate()
    this.#ports[Symbol.dispose]()
  }

  #opened(socket: ClientSocket): ServedClient | undefined {
    if (!this.admits) return undefined
    const client = new ServedClient()
    this.sockets.push(socket)
    this.clients.push(client)
    return client
  }
}

async function heard(client: ServedClient | undefined, wanted: readonly string[]): Promise<void> {
  await until(`"${wanted.join()}"`, () => client?.chunks.join() === wanted.join())
}

describe("a listener", () => {
  test("hands on what its clients do", async () => {
    using under = new ListenerUnderTest()
    using client = await under.connect()
    client.send("hello")
    await heard(under.clients[0], ["hello"])
    client.end()
    await heard(under.clients[0], ["hello", "FIN"])
    under.sockets[0]!.end()
    await heard(under.clients[0], ["hello", "FIN", "closed"])
    expect(under.told).toEqual(["closed"])
  })

  test("closes a client at once that is not served, and tells nothing more of it", async () => {
    using under = new ListenerUnderTest()
    under.admits = false
    expect(await under.knock()).toBe("reset")
    expect([under.told, under.turnedAway]).toEqual([[], 0])
    under.admits = true
    using _ = await under.connect()
    expect(under.clients.length).toBe(1)
  })

  test("gives no client a descriptor from the ceiling on", async () => {
    using under = new ListenerUnderTest({ descriptorCeiling: 0 })
    expect(await under.knock()).toBe("reset")
    expect([under.clients.length, under.turnedAway, under.told]).toEqual([0, 1, []])
  })

  test("accepts nobody for the rest of a second in which too many were turned away", async () => {
    using under = new ListenerUnderTest({ descriptorCeiling: 0 })
    for (let i = 0; i < TURNED_AWAY_MAX; i++) await under.knock()
    expect(under.turnedAway).toBe(TURNED_AWAY_MAX)
    expect(await under.knock()).toBe("refused")
    under.environment.advance(1_000)
    expect(await under.knock()).toBe("reset")
    expect(under.turnedAway).toBe(TURNED_AWAY_MAX + 1)
    // Whoever counts them tells of it.
    expect(under.told).toEqual([])
  })

  test("counts those that were turned away anew each second", async () => {
    using under = new ListenerUnderTest({ descriptorCeiling: 0 })
    for (let i = 0; i < TURNED_AWAY_MAX - 1; i++) await under.knock()
    under.environment.advance(1_000)
    expect([await under.knock(), await under.knock()]).toEqual(["reset", "reset"])
  })

  test("accepts nobody while no descriptor is left, and says so once", async () => {
    using under = new ListenerUnderTest()
    using client = await under.connect()
    under.isDescriptorLeft = false
    under.environment.advance(3_000)
    expect(await under.knock()).toBe("refused")
    // Who is connected stays so.
    client.send("hello")
    await heard(under.clients[0], ["hello"])
    under.isDescriptorLeft = true
    under.environment.advance(1_000)
    using _ = await under.connect()
    expect(under.told).toEqual(["paused: no descriptor is left", "resumed"])
  })

  test("tries again each second while another process has its address", async () => {
    using under = new ListenerUnderTest()
    const { host, port } = under.address
    under.isDescriptorLeft = false
    under.environment.advance(1_000)
    const thief = Bun.listen({ hostname: host, port, socket: { data: () => {} } })
    under.isDescriptorLeft = true
    under.environment.advance(2_000)
    expect(under.told).toEqual(["paused: no descriptor is left"])
    thief.stop(true)
    under.environment.advance(1_000)
    expect(under.told).toEqual(["paused: no descriptor is left", "resumed"])
    using _ = await under.connect()
  })

  test("that has stopped does not begin again", async () => {
    using under = new ListenerUnderTest()
    under.listener.stop()
    under.environment.advance(5_000)
    expect(await under.knock()).toBe("refused")
    expect(under.environment.timerCount).toBe(0)
  })

  testWith("/proc")("has the network watched of every client", async () => {
    const libc = openLibc()
    expect(libc).toBeDefined()
    using under = new ListenerUnderTest({ keepAliveMs: 45_000, libc })
    using _ = await under.connect()
    const [socket] = under.sockets
    expect(socketOption(socket!, SocketOption.KEEPALIVE)).toBe(1)
    // Ten probes follow, one a second.
    expect(socketOption(socket!, SocketOption.KEEP_IDLE)).toBe(35)
    expect(socketOption(socket!, SocketOption.USER_TIMEOUT)).toBe(45_000)
  })
})
