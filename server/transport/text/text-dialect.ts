import { TEXT_LINE_MAX } from "../../../protocol/index.ts"
import { Parsed, REPLY } from "../dialect.ts"
import type { ClientExchange, Dialect } from "../dialect.ts"
import { foreignBytes, foreignLine } from "../foreign.ts"
import { httpRefusal, isHttpRequest } from "./http-refusal.ts"
import { Telnet } from "./telnet.ts"
import { badRequest, parseLine } from "./text-commands.ts"
import type { TextContext } from "./text-context.ts"

const LF = 0x0a
const CR = 0x0d
/** Two of them, each with CR and LF. */
const EMPTY_LINES = 4
const NOTHING = new Uint8Array(0)

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** Lines of text, for people with nc or telnet. */
export class TextDialect implements Dialect {
  readonly #epochMs: number
  readonly #context: TextContext
  readonly #telnet = new Telnet()
  /** Nothing has come yet. */
  #isNew = true
  /** Why what came first is no text, nor a command of TELNET. */
  #foreign: string | undefined
  #chunk: Uint8Array = NOTHING
  #position = 0
  /** The beginning of a line whose end has not come; longer than the limit, it is dropped. */
  #partial = NOTHING
  #isTooLong = false
  /** No more bytes will come, so that the partial line is whole. */
  #hasEnded = false
  /** Whether the line is one of HTTP. Of a line that is too long this is known when it gets so. */
  #isHttp = false
  /** How the connection ends: the client has said quit, or speaks HTTP. */
  #ending: typeof Parsed.END | typeof Parsed.CLOSE | undefined

  constructor(epochMs: number, context: TextContext) {
    this.#epochMs = epochMs
    this.#context = context
  }

  get hasInput(): boolean {
    return this.#chunk.length > 0 || this.#hasEnded || this.#telnet.hasReply
  }

  get hasUnfinished(): boolean {
    return this.#partial.length > 0 || this.#isTooLong
  }

  push(chunk: Uint8Array): void {
    // A header of the PROXY protocol begins with two empty lines.
    if (this.#isNew && chunk.length > EMPTY_LINES) this.#foreign = foreignBytes(chunk)
    this.#isNew = false
    this.#chunk = this.#telnet.take(chunk)
    this.#position = 0
  }

  /** `printf lunique | nc` sends no line ending: the last line ends with the stream. */
  end(): boolean {
    this.#hasEnded = this.#partial.length > 0 || this.#isTooLong
    return this.#hasEnded
  }

  next(exchange: ClientExchange): Parsed {
    if (this.#ending !== undefined) return this.#ending
    if (this.#foreign !== undefined) {
      this.#ending = Parsed.CLOSE
      return reply(exchange, badRequest(this.#foreign))
    }
    if (this.#telnet.hasReply) {
      exchange.encoding = REPLY
      exchange.reply = this.#telnet.takeReply()
      return Parsed.REPLY
    }
    let end = this.#chunk.indexOf(LF, this.#position)
    if (end < 0) {
      this.#keepPartial()
      if (!this.#hasEnded) return Parsed.NOTHING
      this.#hasEnded = false
      end = 0
    }
    const line = this.#lineUpTo(end)
    this.#position = end + 1
    this.#partial = NOTHING
    this.#isTooLong = false
    return this.#parse(line, exchange)
  }

  #parse(line: Uint8Array | undefined, exchange: ClientExchange): Parsed {
    const foreign = line && foreignLine(line)
    if (foreign !== undefined || this.#isHttp) {
      // A page in a browser may send any lines in the body of a request: none must be carried out.
      this.#ending = Parsed.CLOSE
      return reply(exchange, foreign ? badRequest(foreign) : httpRefusal(this.#context.httpAt()))
    }
    if (line === undefined) {
      return reply(exchange, badRequest(`line longer than ${TEXT_LINE_MAX} bytes`))
    }
    const text = decoder.decode(line)
    if (text.trim().toLowerCase() === "quit") {
      return (this.#ending = Parsed.END)
    }
    const parsed = parseLine(text, exchange, this.#epochMs, this.#context)
    if (typeof parsed === "string") return reply(exchange, parsed)
    exchange.encoding = parsed
    return Parsed.REQUEST
  }

  /** The line that ends before `end`, its CR removed; undefined when it is too long. */
  #lineUpTo(end: number): Uint8Array | undefined {
    const line = joined(this.#partial, this.#chunk.subarray(this.#position, end))
    if (!this.#isTooLong) this.#isHttp = isHttpRequest(line)
    const length = line[line.length - 1] === CR ? line.length - 1 : line.length
    return this.#isTooLong || length > TEXT_LINE_MAX ? undefined : line.subarray(0, length)
  }

  #keepPartial(): void {
    const rest = this.#chunk.subarray(this.#position)
    this.#chunk = NOTHING
    this.#position = 0
    const partial = this.#isTooLong ? NOTHING : joined(this.#partial, rest)
    // One more than the limit, for the CR.
    if (partial.length > TEXT_LINE_MAX + 1) {
      this.#isTooLong = true
      this.#isHttp = isHttpRequest(partial)
    }
    this.#partial = this.#isTooLong ? NOTHING : partial
  }
}

function reply(exchange: ClientExchange, lines: string): Parsed {
  exchange.encoding = REPLY
  exchange.reply = encoder.encode(`${lines}\n`)
  return Parsed.REPLY
}

/** Always bytes of their own: a kept line must not hold on to the chunk it came in. */
function joined(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(head.length + tail.length)
  bytes.set(head)
  bytes.set(tail, head.length)
  return bytes
}
