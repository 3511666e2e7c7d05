/** A longer line is passed on in pieces. No line of a node's log comes near this length. */
const LINE_LENGTH_MAX = 65_536

/** Bytes in, whole lines out, without their line endings. */
export class LineSplitter {
  readonly #decoder = new TextDecoder()
  readonly #take: (line: string) => void
  #partial = ""

  constructor(take: (line: string) => void) {
    this.#take = take
  }

  push(bytes: Uint8Array): void {
    this.#split(this.#decoder.decode(bytes, { stream: true }))
  }

  /** The last line may have no ending, when its writer was killed. */
  end(): void {
    this.#split(this.#decoder.decode())
    if (this.#partial !== "") this.#take(this.#partial)
    this.#partial = ""
  }

  #split(text: string): void {
    const lines = (this.#partial + text).split("\n")
    this.#partial = lines.pop() ?? ""
    for (const line of lines) this.#take(line)
    while (this.#partial.length >= LINE_LENGTH_MAX) {
      this.#take(this.#partial.slice(0, LINE_LENGTH_MAX))
      this.#partial = this.#partial.slice(LINE_LENGTH_MAX)
    }
  }
}
