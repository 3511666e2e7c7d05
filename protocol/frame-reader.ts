const NOTHING = new Uint8Array(0)

/**
 * Cuts a byte stream into frames of one fixed size, whatever the chunks it arrives in. Frames are
 * handed out as runs (`bytes` from `start` to `end`, a whole number of frames) that lie in the
 * caller's own chunk, so nothing is copied but a frame that straddles two chunks. Between chunks
 * at most `frameSize - 1` bytes are kept.
 *
 *     reader.push(chunk)
 *     while (reader.nextRun()) { … reader.bytes, reader.start, reader.end … }
 *
 * A consumer that has to stop inside a run moves `start` to where it stopped and later goes on from
 * there: `start` up to `end` is what is left of the run, and `nextRun` follows when they meet.
 */
export class FrameReader {
  readonly #frameSize: number
  readonly #partial: Uint8Array
  #partialLength = 0
  #chunk: Uint8Array = NOTHING
  #position = 0

  /** Where the current run lies. */
  bytes: Uint8Array = NOTHING
  start = 0
  end = 0

  constructor(frameSize: number) {
    this.#frameSize = frameSize
    this.#partial = new Uint8Array(frameSize)
  }

  /** Bytes of an unfinished frame that are kept, 0 to `frameSize - 1`. */
  get kept(): number {
    return this.#partialLength
  }

  /** Whether there is nothing left to hand out until the next chunk. */
  get isUsedUp(): boolean {
    return this.#position === this.#chunk.length && this.start === this.end
  }

  /**
   * Takes the next chunk.
   * @throws Error when the one before, or the run last handed out, is not used up.
   */
  push(chunk: Uint8Array): void {
    if (!this.isUsedUp) {
      throw new Error("the last chunk is not used up")
    }
    this.#chunk = chunk
    this.#position = 0
  }

  /** Makes the next run of whole frames the current one; false when the chunk is used up. */
  nextRun(): boolean {
    const chunk = this.#chunk
    if (this.#partialLength > 0 && this.#position < chunk.length) {
      this.#keepUpTo(Math.min(chunk.length, this.#frameSize - this.#partialLength))
      if (this.#partialLength < this.#frameSize) return this.#useUp()
      this.#partialLength = 0
      this.bytes = this.#partial
      this.start = 0
      this.end = this.#frameSize
      return true
    }
    const end = chunk.length - ((chunk.length - this.#position) % this.#frameSize)
    if (this.#position === end) {
      this.#keepUpTo(chunk.length)
      return this.#useUp()
    }
    this.bytes = chunk
    this.start = this.#position
    this.end = this.#position = end
    return true
  }

  /** Moves bytes of the chunk to the unfinished frame. One by one: a view costs more than 7 bytes. */
  #keepUpTo(end: number): void {
    while (this.#position < end) {
      this.#partial[this.#partialLength++] = this.#chunk[this.#position++]!
    }
  }

  #useUp(): false {
    this.#chunk = this.bytes = NOTHING
    this.#position = this.start = this.end = 0
    return false
  }
}
