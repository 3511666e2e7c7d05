import type { Socket, TCPSocketListener } from "bun"
import {
  DEFAULT_EPOCH_MS,
  FrameReader,
  Op,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  Status,
  composeId,
  encodeResponse,
  requestOp,
} from "../../protocol/index.ts"
import { splitAddress } from "./tcp-client.ts"

/** What to answer to a request of this operation, if anything; or what to do with the connection. */
export type Conduct = (op: number, socket: Socket<FrameReader>) => Uint8Array | undefined

/** Something on a real port where a node should be; closed when its test leaves the block. */
export class TcpPeer implements Disposable {
  /** The operations of all requests that came. */
  readonly asked: number[] = []
  connections = 0
  readonly #listener: TCPSocketListener<FrameReader>

  /** @param address HOST:PORT */
  constructor(address: string, conduct: Conduct) {
    this.#listener = Bun.listen<FrameReader>({
      ...splitAddress(address),
      socket: {
        open: (socket) => {
          this.connections++
          socket.data = new FrameReader(REQUEST_SIZE)
        },
        data: (socket, chunk) => {
          for (const op of operationsIn(socket.data, chunk)) {
            this.asked.push(op)
            const bytes = conduct(op, socket)
            if (bytes !== undefined) socket.write(bytes)
          }
        },
      },
    })
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true)
  }
}

/** Passes every check as `nodeId`, and does with requests for ids as `conduct` says. */
export function checkedAs(nodeId: number, conduct: Conduct): Conduct {
  return (op, socket) => {
    switch (op) {
      case Op.PING:
        return okResponse((BigInt(nodeId) << 48n) + 12_345n)
      case Op.EPOCH:
        return okResponse(BigInt(DEFAULT_EPOCH_MS))
      case Op.CLOCK:
        return okResponse(BigInt(Date.now()))
      default:
        return conduct(op, socket)
    }
  }
}

/** Passes every check, and says nothing more on a connection once an id was asked for on it. */
export function mutedAs(nodeId: number): Conduct {
  const muted = new WeakSet<Socket<FrameReader>>()
  const checked = checkedAs(nodeId, (_, socket) => void muted.add(socket))
  return (op, socket) => (muted.has(socket) ? undefined : checked(op, socket))
}

/** An answer with an id that `nodeId` could have given out long ago. */
export function oldIdOf(nodeId: number): Uint8Array {
  return okResponse(composeId({ time: 1, node: nodeId, sequence: 0 }))
}

function okResponse(value: bigint): Uint8Array {
  const bytes = new Uint8Array(RESPONSE_SIZE)
  const low = Number(value & 0xffff_ffffn)
  encodeResponse(new DataView(bytes.buffer), 0, Status.OK, Number(value >> 32n), low)
  return bytes
}

function* operationsIn(reader: FrameReader, chunk: Uint8Array): Generator<number> {
  reader.push(chunk)
  while (reader.nextRun()) {
    for (; reader.start < reader.end; reader.start += REQUEST_SIZE) {
      yield requestOp(reader.bytes, reader.start)
    }
  }
}
