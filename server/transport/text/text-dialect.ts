import { TEXT_LINE_MAX } from "../../../protocol/index.ts"
import { Parsed, REPLY } from "../dialect.ts"
import { DialectKind } from "../dialect-kind.ts"
import type { ClientExchange, Dialect } from "../dialect.ts"
import { foreignBytes, foreignLine } from "../foreign.ts"
import { ManyIds } from "../many-ids.ts"
import { httpRefusal, isHttpRequest } from "./http-refusal.ts"
import { clientError, isMemcachedLine, parseMemcachedLine } from "./memcached.ts"
import { Telnet } from "./telnet.ts"
import { badRequest, parseLine } from "./text-commands.ts"
import type { NodeContext } from "../node-context.ts"

const LF = 0x0a
const CR = 0x0d
/** Two of them, each with CR and LF. */
const EMPTY_LINES = 4
const NOTHING = new Uint8Array(0)

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** Lines of text, for people with nc or telnet. */
export class TextDialect implements Dialect {
  readonly kind: DialectKind = DialectKind.TEXT
  readonly #epochMs: number
  readonly #context: NodeContext
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
  /** Whether the line is one of memcached. Of a line that is too long this is known when it gets so. */
  #isMemcached = false
  /** The names that are asked for one after the other. */
  #many: ManyIds | undefined
  /** How the connection ends: the client has said quit, or speaks HTTP. */
  #ending: typeof Parsed.END | typeof Parsed.CLOSE | undefined

  constructor(epochMs: number, context: NodeContext) {
    this.#epochMs = epochMs
    this.#context = context
  }

  get hasInput(): boolean {
    return (
      this.#chunk.length > 0 || this.#hasEnded || this.#telnet.hasReply || this.#many !== undefined
    )
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
    if (this.#many !== undefined) return this.#nextOfMany(exchange, this.#many)
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
      const what = `line longer than ${TEXT_LINE_MAX} bytes`
      if (this.#isMemcached) return replyText(exchange, clientError(what))
      return reply(exchange, badRequest(what))
    }
    const asked = parseMemcachedLine(line, exchange)
    if (asked instanceof ManyIds) return this.#nextOfMany(exchange, asked)
    if (asked !== undefined) {
      if (asked.closes) this.#ending = Parsed.CLOSE
      return replyText(exchange, asked.reply)
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

  #nextOfMany(exchange: ClientExchange, many: ManyIds): Parsed {
    many.ask(exchange)
    this.#many = many.isAsked ? undefined : many
    return Parsed.REQUEST
  }

  /** The line that ends before `end`, its CR removed; undefined when it is too long. */
  #lineUpTo(end: number): Uint8Array | undefined {
    const line = joined(this.#partial, this.#chunk.subarray(this.#position, end))
    if (!this.#isTooLong) this.#look(line)
    const length = line[line.length - 1] === CR ? line.length - 1 : line.length
    return this.#isTooLong || length > TEXT_LINE_MAX ? undefined : line.subarray(0, length)
  }

  /** Whose line it is. */
  #look(line: Uint8Array): void {
    this.#isHttp = isHttpRequest(line)
    this.#isMemcached = isMemcachedLine(line)
  }

  #keepPartial(): void {
    const rest = this.#chunk.subarray(this.#position)
    this.#chunk = NOTHING
    this.#position = 0
    const partial = this.#isTooLong ? NOTHING : joined(this.#partial, rest)
    // One more than the limit, for the CR.
    if (partial.length > TEXT_LINE_MAX + 1) {
      this.#isTooLong = true
      this.#look(partial)
    }
    this.#partial = this.#isTooLong ? NOTHING : partial
  }
}

function reply(exchange: ClientExchange, lines: string): Parsed {
  return replyText(exchange, `${lines}\n`)
}

function replyText(exchange: ClientExchange, text: string): Parsed {
  exchange.encoding = REPLY
  exchange.reply = encoder.encode(text)
  return Parsed.REPLY
}

/** Always bytes of their own: a kept line must not hold on to the chunk it came in. */
function joined(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(head.length + tail.length)
  bytes.set(head)
  bytes.set(tail, head.length)
  return bytes
}
