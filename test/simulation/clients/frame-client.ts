import {
  FrameReader,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  encodeRequest,
  responseHigh,
  responseLow,
  responseStatus,
} from "../../../protocol/index.ts"
import { Client } from "./client.ts"
import type { Answered, ClientParts } from "./client.ts"
import type { Request } from "./requests.ts"

/** Speaks the binary protocol. */
export class FrameClient extends Client {
  readonly #answered: Answered | undefined
  #reader = new FrameReader(RESPONSE_SIZE)

  constructor(parts: ClientParts, answered?: Answered) {
    super(parts)
    this.#answered = answered
  }

  protected override reset(): void {
    this.#reader = new FrameReader(RESPONSE_SIZE)
  }

  protected override encode(requests: readonly Request[]): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(requests.length * REQUEST_SIZE)
    for (const [i, { op, flags, count, target }] of requests.entries()) {
      encodeRequest(bytes, i * REQUEST_SIZE, op, flags, count, target)
    }
    return bytes
  }

  protected override receive(chunk: Uint8Array): void {
    const reader = this.#reader
    reader.push(chunk)
    while (reader.nextRun()) {
      const { bytes } = reader
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      for (; reader.start < reader.end; reader.start += RESPONSE_SIZE)
        this.#take(view, reader.start)
    }
  }

  #take(view: DataView, at: number): void {
    const status = responseStatus(view, at)
    const { sent, node } = this.settle(status, responseHigh(view, at), responseLow(view, at))
    this.#answered?.(sent, status, node)
  }
}
