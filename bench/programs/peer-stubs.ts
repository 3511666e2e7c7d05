/*
 * Many nodes in one process, as far as another node can tell: each listens on a port of its own and
 * answers pings and requests for ids. Prints their ports.
 *
 *   bun bench/programs/peer-stubs.ts COUNT
 */
import type { Socket } from "bun"
import {
  DEFAULT_EPOCH_MS,
  FrameReader,
  Op,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  Status,
  encodeResponse,
  highHalf,
  idLowBase,
  lowHalf,
  pingHigh,
  pingLow,
  requestOp,
} from "../../protocol/index.ts"
import { FreePorts } from "../../server/supervisor/free-ports.ts"

/** As many as the largest chunk that Bun reads asks for. */
const answers = new DataView(new ArrayBuffer(65_536 * RESPONSE_SIZE))
const answerBytes = new Uint8Array(answers.buffer)

class Stub {
  readonly #nodeId: number

  constructor(nodeId: number, port: number) {
    this.#nodeId = nodeId
    Bun.listen<FrameReader>({
      hostname: "127.0.0.1",
      port,
      socket: {
        open: (socket) => void (socket.data = new FrameReader(REQUEST_SIZE)),
        data: (socket, chunk) => this.#answer(socket, chunk),
      },
    })
  }

  #answer(socket: Socket<FrameReader>, chunk: Uint8Array): void {
    const reader = socket.data
    let length = 0
    reader.push(chunk)
    while (reader.nextRun()) {
      for (; reader.start < reader.end; reader.start += REQUEST_SIZE) {
        this.#encode(length, requestOp(reader.bytes, reader.start))
        length += RESPONSE_SIZE
      }
    }
    if (length > 0 && socket.write(answerBytes, 0, length) < length) {
      throw new Error("the node did not read its answers")
    }
  }

  #encode(offset: number, op: number): void {
    const id = this.#nodeId
    if (op === Op.PING) encodeResponse(answers, offset, Status.OK, pingHigh(id, id), pingLow(id))
    else if (op === Op.EPOCH) encodeMs(offset, DEFAULT_EPOCH_MS)
    else if (op === Op.CLOCK) encodeMs(offset, Date.now())
    else encodeResponse(answers, offset, Status.OK, 1, idLowBase(0, id))
  }
}

function encodeMs(offset: number, ms: number): void {
  encodeResponse(answers, offset, Status.OK, highHalf(ms), lowHalf(ms))
}

const count = Number(Bun.argv[2])
const ports: number[] = []
{
  using free = new FreePorts(count, Math.random)
  for (let nodeId = 1; nodeId <= count; nodeId++) {
    const port = free.take()
    ports.push(port)
    // eslint-disable-next-line no-new
    new Stub(nodeId, port)
  }
}
console.log(`listening on ${ports.join()}.`)
