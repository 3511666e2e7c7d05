import type { Socket, SocketHandler, TCPSocketListener, UnixSocketListener } from "bun"
import {
  DEFAULT_EPOCH_MS,
  FrameReader,
  Op,
  REQUEST_SIZE,
  Status,
  composeId,
} from "../../protocol/index.ts"
import { requestAt, responseBytes } from "./fake-peer.ts"
import type { AskedRequest } from "./fake-peer.ts"
import { SerialIds } from "./serial-ids.ts"
import { splitAddress } from "./tcp-client.ts"

export type PeerSocket = Socket<FrameReader>

/** What to answer to a request, if anything; or what to do with the connection. */
export type Conduct = (
  op: number,
  socket: PeerSocket,
  request: AskedRequest,
) => Uint8Array | undefined

const UNIX = "unix:"

/** A free port on the loopback address. */
export const ANY_ADDRESS = "127.0.0.1:0"

/** Something on a real port where a node should be; closed when its test leaves the block. */
export class TcpPeer implements Disposable {
  /** HOST:PORT, or unix:PATH */
  readonly address: string
  /** All requests that came. */
  readonly requests: AskedRequest[] = []
  /** Connections so far. */
  connections = 0
  /** Those of them that are open. */
  open = 0
  readonly #listener: TCPSocketListener<FrameReader> | UnixSocketListener<FrameReader>

  /**
   * @param address HOST:PORT, where port 0 takes a free one, or unix:PATH
   * @param opened what to do with a new connection
   */
  constructor(address: string, conduct: Conduct, opened?: (socket: PeerSocket) => void) {
    const socket: SocketHandler<FrameReader> = {
      open: (connection) => {
        this.connections++
        this.open++
        connection.data = new FrameReader(REQUEST_SIZE)
        opened?.(connection)
      },
      close: () => void this.open--,
      data: (connection, chunk) => {
        for (const request of requestsIn(connection.data, chunk)) {
          this.requests.push(request)
          const bytes = conduct(request.op, connection, request)
          if (bytes !== undefined) connection.write(bytes)
        }
      },
    }
    if (address.startsWith(UNIX)) {
      this.#listener = Bun.listen({ unix: address.slice(UNIX.length), socket })
      this.address = address
      return
    }
    const listener = Bun.listen({ ...splitAddress(address), socket })
    this.#listener = listener
    this.address = `${splitAddress(address).hostname}:${listener.port}`
  }

  /** Those of them that asked for ids. */
  get idRequests(): AskedRequest[] {
    return this.requests.filter(({ op }) => op < Op.PING)
  }

  /** The operations of all requests that came. */
  get asked(): number[] {
    return this.requests.map(({ op }) => op)
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true)
  }
}

/** Passes every check as `nodeId`, and does with requests for ids what `conduct` says. */
export function checkedAs(nodeId: number, conduct: Conduct): Conduct {
  return (op, socket, request) => {
    switch (op) {
      case Op.PING:
        return okResponse((BigInt(nodeId) << 48n) + 12_345n)
      case Op.EPOCH:
        return okResponse(BigInt(DEFAULT_EPOCH_MS))
      case Op.CLOCK:
        return okResponse(BigInt(Date.now()))
      default:
        return conduct(op, socket, request)
    }
  }
}

/** Passes every check, and gives ids as a node does. */
export function givingIds(nodeId: number): Conduct {
  const ids = new SerialIds()
  return checkedAs(nodeId, (_op, _socket, { count }) => okResponse(ids.next(nodeId, count)))
}

/** Passes every check, and says nothing more on a connection once an id was asked for on it. */
export function mutedAs(nodeId: number): Conduct {
  const muted = new WeakSet<PeerSocket>()
  const checked = checkedAs(nodeId, (_, socket) => void muted.add(socket))
  return (op, socket, request) => (muted.has(socket) ? undefined : checked(op, socket, request))
}

/** An answer with an id that `nodeId` could have given out long ago. */
export function oldIdOf(nodeId: number): Uint8Array {
  return okResponse(composeId({ time: 1, node: nodeId, sequence: 0 }))
}

export function okResponse(value: bigint): Uint8Array {
  return responseBytes(Status.OK, value)
}

function* requestsIn(reader: FrameReader, chunk: Uint8Array): Generator<AskedRequest> {
  reader.push(chunk)
  while (reader.nextRun()) {
    for (; reader.start < reader.end; reader.start += REQUEST_SIZE) {
      yield requestAt(reader.bytes, reader.start)
    }
  }
}
