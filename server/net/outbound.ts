/** The part of a socket that takes bytes. */
export interface Sink {
  /** @returns how many bytes were accepted; the rest is not kept; below 0 when it is closed */
  write(bytes: Uint8Array, offset: number, length: number): number
}

/**
 * What was written to a connection and not yet accepted by its socket. Keeps the tail of one write.
 * While there is a tail nothing more may be written: whoever writes waits until it is out.
 */
export class Outbound {
  readonly #sink: Sink
  #tail: Uint8Array | undefined
  /** The socket is closed, whether or not its owner has been told: what is written goes nowhere. */
  isClosed = false

  constructor(sink: Sink) {
    this.#sink = sink
  }

  /** Whether an earlier write is not out yet. */
  get blocked(): boolean {
    return this.#tail !== undefined
  }

  /** How many bytes wait for the socket. */
  get bytes(): number {
    return this.#tail?.length ?? 0
  }

  /** Writes the first `length` bytes, which may be reused at once. Only when not blocked. */
  write(bytes: Uint8Array, length: number): void {
    if (this.#tail !== undefined) throw new Error("written to while blocked")
    const accepted = this.#sink.write(bytes, 0, length)
    if (accepted < 0) this.isClosed = true
    else if (accepted < length) this.#tail = bytes.slice(accepted, length)
  }

  /** Goes on with the tail after the socket has drained. */
  drain(): void {
    const tail = this.#tail
    if (tail === undefined) return
    const accepted = this.#sink.write(tail, 0, tail.length)
    this.isClosed = accepted < 0
    const done = this.isClosed || accepted === tail.length
    this.#tail = done ? undefined : tail.subarray(accepted)
  }
}
