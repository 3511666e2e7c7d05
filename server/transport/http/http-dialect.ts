import { Parsed, REPLY } from "../dialect.ts"
import { DialectKind } from "../dialect-kind.ts"
import type { ClientExchange, Dialect } from "../dialect.ts"
import { foreignBytes } from "../foreign.ts"
import { forAccept, retryAfter, text } from "./answers.ts"
import type { HttpAnswer } from "./answers.ts"
import type { Asker } from "../../exchange.ts"
import { EVENTS } from "./dispatcher.ts"
import type { Dispatcher } from "./dispatcher.ts"
import { WATCHERS_MAX } from "./event-hub.ts"
import { EventStream } from "./event-stream.ts"
import type { EventSource } from "./event-stream.ts"
import { IdsEncodings, IdsForm } from "./encodings.ts"
import { HEAD_SIZE_MAX, NoHead, headEnd, skipEmptyLines } from "./head-scanner.ts"
import { wantsJson } from "./negotiation.ts"
import { NO_REQUEST, parseHead } from "./http-parser.ts"
import type { IdsQuery } from "./ids-query.ts"
import { Persistence } from "./request.ts"
import type { ReceivedRequest } from "./request.ts"
import type { Responses } from "./responses.ts"

/** What `toString("latin1")` comes down to, and a third of a microsecond less; the types lack it. */
interface Latin1Buffer extends Buffer {
  latin1Slice(start: number, end: number): string
}

const NOTHING = Buffer.alloc(0)
/** Of the empty line that ends a head, and of the line before it. */
const LINE_ENDINGS_SIZE = 4

const TOO_MANY_WATCH = `${WATCHERS_MAX} pages watch this node already`
const WATCH_RETRY_MS = 5_000

/** What all HTTP connections of a node share. */
export class HttpService {
  readonly dispatcher: Dispatcher
  readonly responses: Responses
  readonly encodings: IdsEncodings
  #lastHead = ""
  #lastRequest: ReceivedRequest | HttpAnswer = parseHead("")

  constructor(dispatcher: Dispatcher, responses: Responses) {
    this.dispatcher = dispatcher
    this.responses = responses
    this.encodings = new IdsEncodings(responses)
  }

  /** As `parseHead`, and a third of the time for the same head again: most loads have one. */
  parse(head: string): ReceivedRequest | HttpAnswer {
    if (head !== this.#lastHead) {
      this.#lastRequest = parseHead(head)
      this.#lastHead = head
    }
    return this.#lastRequest
  }
}

/** How far the client's stream has come. */
const State = {
  /** Requests are read. */
  OPEN: 0,
  /** No more bytes will come: what is left of them is refused. */
  ENDED: 1,
  /** After the answer so far the connection is to be closed. */
  CLOSING: 2,
  /** The connection knows that; whatever still comes is dropped. */
  CLOSED: 3,
} as const
type State = (typeof State)[keyof typeof State]

/** Requests of HTTP/1.1 and HTTP/1.0, without bodies. */
export class HttpDialect implements Dialect {
  readonly kind: DialectKind = DialectKind.HTTP
  readonly tellsOfEnd = true
  readonly #service: HttpService
  #bytes: Buffer = NOTHING
  /** Where the next request begins, and up to where its end was searched. */
  #start = 0
  #scanned = 0
  #state: State = State.OPEN
  #asker: Asker | undefined
  #stream: EventStream | undefined

  constructor(service: HttpService) {
    this.#service = service
  }

  attach(asker: Asker): void {
    this.#asker = asker
  }

  release(): void {
    this.#stream?.release()
  }

  get hasInput(): boolean {
    if (this.#stream !== undefined) return this.#stream.hasInput
    return this.#scanned < this.#bytes.length || this.#isEnding
  }

  get hasUnfinished(): boolean {
    return this.#start < this.#bytes.length
  }

  get #isEnding(): boolean {
    return this.#state === State.ENDED || this.#state === State.CLOSING
  }

  push(chunk: Uint8Array): void {
    if (this.#state >= State.CLOSING || this.#stream !== undefined) return
    this.#service.responses.refresh()
    // What is kept is the beginning of a head, which is short. It does not hold on to its chunk.
    if (this.#bytes.length > 0) this.#bytes = Buffer.concat([this.#bytes, chunk])
    else if (Buffer.isBuffer(chunk)) this.#bytes = chunk
    else this.#bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
  }

  end(): boolean {
    if (this.#stream !== undefined) {
      this.#stream.ended()
      return true
    }
    if (this.#state !== State.OPEN || this.#bytes.length === 0) return false
    this.#state = State.ENDED
    return true
  }

  next(exchange: ClientExchange): Parsed {
    if (this.#stream !== undefined) return this.#stream.next(exchange)
    if (this.#state === State.CLOSING) {
      this.#state = State.CLOSED
      this.#drop()
      return Parsed.CLOSE
    }
    const start = skipEmptyLines(this.#bytes, this.#start)
    if (start > this.#start) this.#start = this.#scanned = start
    const end = headEnd(this.#bytes, this.#start, this.#scanned)
    switch (end) {
      case NoHead.UNFINISHED:
        return this.#unfinished(exchange)
      case NoHead.TOO_LONG:
        return this.#refuse(exchange, text(431, `a head has at most ${HEAD_SIZE_MAX} bytes`))
      case NoHead.MALFORMED:
        return this.#refuse(exchange, text(400, foreignBytes(this.#bytes) ?? NO_REQUEST))
    }
    const head = (this.#bytes as Latin1Buffer).latin1Slice(this.#start, end - LINE_ENDINGS_SIZE)
    this.#start = this.#scanned = end
    const request = this.#service.parse(head)
    return "status" in request ? this.#refuse(exchange, request) : this.#answer(exchange, request)
  }

  #answer(exchange: ClientExchange, request: ReceivedRequest): Parsed {
    const { dispatcher, responses } = this.#service
    const persistence = this.#isLast ? Persistence.CLOSE : request.persistence
    if (persistence === Persistence.CLOSE) this.#state = State.CLOSING
    let answer = dispatcher.dispatch(request)
    if ("op" in answer) return this.#ask(exchange, answer, request, persistence)
    if ("first" in answer) {
      if (this.#watch(exchange, answer)) return Parsed.REPLY
      answer = text(503, TOO_MANY_WATCH, retryAfter(WATCH_RETRY_MS))
    }
    const fitting = answer.status < 400 ? answer : forAccept(answer, wantsJson(request.accept))
    exchange.encoding = REPLY
    exchange.reply = responses.whole(fitting, persistence, request.method === "HEAD")
    return Parsed.REPLY
  }

  /**
   * The connection has nothing but events from now on, and is closed after them.
   * @returns false when there is no place for one more
   */
  #watch(exchange: ClientExchange, source: EventSource): boolean {
    this.#stream = this.#asker && EventStream.open(source, this.#asker)
    if (this.#stream === undefined) return false
    const head = this.#service.responses.whole(EVENTS, Persistence.CLOSE, false)
    exchange.encoding = REPLY
    exchange.reply = Buffer.concat([head, source.first()])
    this.#drop()
    return true
  }

  /** Requests behind this one in the same chunk are answered on this connection too. */
  get #isLast(): boolean {
    return this.#service.responses.isLast && this.#start === this.#bytes.length
  }

  #ask(
    exchange: ClientExchange,
    query: IdsQuery,
    { accept }: ReceivedRequest,
    persistence: Persistence,
  ): Parsed {
    exchange.op = query.op
    exchange.flags = 0
    exchange.count = query.count ?? 1
    exchange.target = query.target
    const jsonForm = query.count === undefined ? IdsForm.JSON_ID : IdsForm.JSON_LIST
    const form = wantsJson(accept) ? jsonForm : IdsForm.LINES
    exchange.encoding = this.#service.encodings.of(form, persistence)
    return Parsed.REQUEST
  }

  /** Where the next request would begin is not known. */
  #refuse(exchange: ClientExchange, answer: HttpAnswer): Parsed {
    this.#state = State.CLOSING
    exchange.encoding = REPLY
    exchange.reply = this.#service.responses.whole(answer, Persistence.CLOSE, false)
    return Parsed.REPLY
  }

  #unfinished(exchange: ClientExchange): Parsed {
    const isCut = this.#start < this.#bytes.length
    if (this.#state === State.ENDED && isCut) {
      return this.#refuse(exchange, text(400, "the request is not whole"))
    }
    this.#bytes = isCut ? Buffer.from(this.#bytes.subarray(this.#start)) : NOTHING
    this.#start = 0
    this.#scanned = this.#bytes.length
    return Parsed.NOTHING
  }

  #drop(): void {
    this.#bytes = NOTHING
    this.#start = this.#scanned = 0
  }
}
