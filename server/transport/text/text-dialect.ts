import { TEXT_LINE_MAX } from "../../../protocol/index.ts"
import type { Flight, FlightOrigin } from "../../routing/forwarded-request.ts"
import type { Flushable } from "../../flush-scheduler.ts"
import { Work } from "../dialect.ts"
import type { Dialect, DialectParts } from "../dialect.ts"
import { LATER, answerLine, badRequest, idsText } from "./text-commands.ts"

const LF = 0x0a
const CR = 0x0d
const NOTHING = new Uint8Array(0)

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** Lines of text, for people with nc or telnet. */
export class TextDialect implements Dialect, FlightOrigin, Flushable {
  readonly #parts: DialectParts
  #chunk: Uint8Array = NOTHING
  #position = 0
  /** The beginning of a line whose end has not come; longer than the limit, it is dropped. */
  #partial = NOTHING
  #tooLong = false
  /** The line before is answered by another node. */
  #flight: Flight | undefined
  taken = 0
  finished = false

  constructor(parts: DialectParts) {
    this.#parts = parts
  }

  get pending(): number {
    return this.#flight === undefined ? 0 : 1
  }

  /** There is one flight at a time, so this comes once a round at the most. */
  settled(): void {
    this.#parts.flushScheduler.schedule(this)
  }

  flush(): void {
    this.#parts.ready()
  }

  push(chunk: Uint8Array): void {
    this.#chunk = chunk
    this.#position = 0
  }

  /** `printf lunique | nc` sends no line ending: the last line ends with the stream. */
  pushEnd(): void {
    if (this.#partial.length > 0 || this.#tooLong) this.push(Uint8Array.of(LF))
  }

  run(): Work {
    const { router, outbound } = this.#parts
    router.begin()
    this.#writeSettled()
    while (!this.finished) {
      if (outbound.blocked) return Work.BLOCKED
      if (this.#flight !== undefined) return Work.FULL
      const end = this.#chunk.indexOf(LF, this.#position)
      if (end < 0) break
      if (!this.#answer(this.#lineUpTo(end))) return Work.WAITING
      this.#position = end + 1
      this.#partial = NOTHING
      this.#tooLong = false
    }
    this.#keepPartial()
    return Work.IDLE
  }

  #writeSettled(): void {
    const flight = this.#flight
    if (flight?.done !== true) return
    this.#flight = undefined
    this.#write(idsText(flight, flight.count))
  }

  /** @returns false when the line has to wait and be answered again */
  #answer(line: Uint8Array | undefined): boolean {
    if (line === undefined) {
      this.#write(badRequest(`line longer than ${TEXT_LINE_MAX} bytes`))
      return true
    }
    const text = decoder.decode(line)
    if (text.trim() === "quit") {
      this.finished = true
      return true
    }
    const answer = answerLine(this.#parts.router, text, this)
    if (answer === LATER) return false
    this.taken += 1
    if (typeof answer === "string") this.#write(answer)
    else this.#flight = answer
    return true
  }

  #write(answer: string): void {
    const bytes = encoder.encode(`${answer}\n`)
    this.#parts.outbound.write(bytes, bytes.length)
  }

  /** The line that ends before `end`, its CR removed; undefined when it is too long. */
  #lineUpTo(end: number): Uint8Array | undefined {
    const line = joined(this.#partial, this.#chunk.subarray(this.#position, end))
    const length = line[line.length - 1] === CR ? line.length - 1 : line.length
    return this.#tooLong || length > TEXT_LINE_MAX ? undefined : line.subarray(0, length)
  }

  #keepPartial(): void {
    const rest = this.#chunk.subarray(this.#position)
    this.#chunk = NOTHING
    this.#position = 0
    const partial = this.#tooLong ? NOTHING : joined(this.#partial, rest)
    // One more than the limit, for the CR.
    this.#tooLong ||= partial.length > TEXT_LINE_MAX + 1
    this.#partial = this.#tooLong ? NOTHING : partial
  }
}

/** Always bytes of their own: a kept line must not hold on to the chunk it came in. */
function joined(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(head.length + tail.length)
  bytes.set(head)
  bytes.set(tail, head.length)
  return bytes
}
