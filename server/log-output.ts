import { constants, fstatSync, openSync, writeSync } from "node:fs"

/** The most bytes of lines that wait for a reader; more are dropped. */
const WAITING_MAX = 262_144
/** How often a reader that stands still is tried again. */
const RETRY_MS = 100
const STDOUT = 1

/**
 * Standard output, if it is a pipe or a terminal. A reader that stands still (on a terminal: Ctrl-S)
 * would stop whoever writes to it: a node, or all nodes of a cluster. So lines wait here, and above a
 * bound they are dropped and counted.
 */
export class LogOutput {
  readonly #fd: number
  readonly #format: (line: string) => string
  readonly #waiting: Buffer[] = []
  #waitingBytes = 0
  #dropped = 0
  #timer: NodeJS.Timeout | undefined
  /** Called once lines can be written again, with how many were dropped. */
  recovered: (dropped: number) => void = () => {}

  private constructor(fd: number, format: (line: string) => string) {
    this.#fd = fd
    this.#format = format
    // What there is room for is written before the process ends.
    process.on("exit", () => this.#writeWaiting())
  }

  /**
   * @param format what a line is written as
   * @returns undefined when standard output is neither, or cannot be opened once more
   */
  static open(format: (line: string) => string = String): LogOutput | undefined {
    if (!fstatSync(STDOUT).isFIFO() && !process.stdout.isTTY) return undefined
    try {
      // Opened anew: whoever shares standard output with this process keeps it as it is.
      const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY
      return new LogOutput(openSync(`/proc/self/fd/${STDOUT}`, flags), format)
    } catch {
      return undefined
    }
  }

  /** @param line whole, with its ending */
  write(line: string): void {
    const bytes = Buffer.from(this.#format(line))
    const written = this.#waiting.length === 0 ? this.#tryWrite(bytes) : 0
    if (written === bytes.length) return
    // A line that has begun is finished, however much waits.
    if (written === 0 && this.#waitingBytes + bytes.length > WAITING_MAX) {
      this.#dropped++
      return
    }
    this.#waiting.push(bytes.subarray(written))
    this.#waitingBytes += bytes.length - written
    this.#timer ??= setTimeout(() => this.#retry(), RETRY_MS)
  }

  #retry(): void {
    this.#timer = undefined
    this.#writeWaiting()
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#retry(), RETRY_MS)
    else if (this.#dropped > 0) {
      const dropped = this.#dropped
      this.#dropped = 0
      this.recovered(dropped)
    }
  }

  #writeWaiting(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const written = this.#tryWrite(next)
      this.#waitingBytes -= written
      if (written < next.length) {
        this.#waiting[0] = next.subarray(written)
        return
      }
      this.#waiting.shift()
    }
  }

  /** @returns how many bytes were accepted: all of them when nobody reads any more */
  #tryWrite(bytes: Buffer): number {
    try {
      return writeSync(this.#fd, bytes)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // A node does not end because nobody reads its log.
      return code === "EAGAIN" ? 0 : bytes.length
    }
  }
}
