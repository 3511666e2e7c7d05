import {
  COUNT_MAX,
  Op,
  RedisInput,
  RedisReader,
  Status,
  bytesHash,
} from "../../../protocol/index.ts"
import { AnswerSlot } from "../../exchange.ts"
import { Parsed, REPLY } from "../dialect.ts"
import { DialectKind } from "../dialect-kind.ts"
import type { RequestCounter } from "../dialect-kind.ts"
import type { ClientExchange, Dialect, Encoding, OwnIds } from "../dialect.ts"
import { noSuchName, parseIdName } from "../id-name.ts"
import { ManyIds } from "../many-ids.ts"
import type { NodeContext } from "../node-context.ts"
import type { WriteBatch } from "../write-batch.ts"
import {
  BULK_ID,
  ID_ARRAY,
  ID_OF_EACH,
  LAST_ID,
  Pong,
  SIGN_BIT,
  TIME,
  putBulk,
  putInteger,
} from "./encodings.ts"
import { bytesText, textBytes } from "./bytes-text.ts"
import { RedisSession, error, replyTo, wrongCount } from "./redis-replies.ts"
import { GET, GET_LOCAL, INCR, isGetLocal, isWord, ownIncrementEnd } from "./redis-words.ts"

const PONG = new Pong()
const NO_KEY = error("a name must not be empty")
const NO_COUNT = error("value is not an integer or out of range")
const WRONG_COUNT = error(`ids are given out 1 to ${COUNT_MAX} at a time`)

/** Where the generator puts an id; used up before the next. */
const block = new AnswerSlot()
let connections = 0

/** Commands of Redis's protocol, RESP 2 and 3: `protocol/redis.md`. */
export class RedisDialect implements Dialect {
  readonly kind: DialectKind = DialectKind.REDIS
  readonly #reader = new RedisReader()
  readonly #session: RedisSession
  /** MGET, whose names are asked for one after the other. */
  #many: ManyIds | undefined
  #ending: typeof Parsed.END | typeof Parsed.CLOSE | undefined
  /** Nothing whole is left of what has come. */
  #isUsedUp = true

  constructor(epochMs: number, context: NodeContext) {
    this.#session = new RedisSession(epochMs, context, ++connections)
  }

  get hasInput(): boolean {
    return !this.#isUsedUp || this.#many !== undefined || this.#ending !== undefined
  }

  get hasUnfinished(): boolean {
    return this.#isUsedUp && this.#reader.kept > 0
  }

  push(chunk: Uint8Array): void {
    this.#isUsedUp = false
    this.#reader.push(chunk)
  }

  /** A command that never got whole is none. */
  end(): boolean {
    return false
  }

  next(exchange: ClientExchange): Parsed {
    if (this.#many !== undefined) return this.#nextOfMany(exchange, this.#many)
    if (this.#ending !== undefined) return this.#ending
    const reader = this.#reader
    for (;;) {
      const found = reader.next()
      if (found === RedisInput.NOTHING) {
        this.#isUsedUp = true
        return Parsed.NOTHING
      }
      if (found === RedisInput.MALFORMED) {
        this.#ending = Parsed.CLOSE
        return reply(exchange, error(`Protocol error: ${reader.fault}`))
      }
      // As Redis does, nothing is said to a command without a name.
      if (reader.argCount > 0) return this.#command(exchange)
    }
  }

  /** `GET local`, and `INCR` of a key that this node owns, without an exchange. */
  answerOwn(router: OwnIds, batch: WriteBatch, idsMax: number, counter: RequestCounter): number {
    if (this.#many !== undefined || this.#ending !== undefined) return 0
    const reader = this.#reader
    const { bytes } = reader
    const { generator } = router.local
    const { limit } = batch
    let at = reader.position
    let { length } = batch
    let taken = 0
    let gets = 0
    while (length < limit && taken < idsMax) {
      const isGet = isGetLocal(bytes, at)
      const end = isGet ? at + GET_LOCAL.length : ownIncrementEnd(bytes, at, router)
      if (end === 0 || generator.take(1, block) !== Status.OK) break
      const { high, low } = block
      // An integer of Redis has a sign.
      if (!isGet && high >= SIGN_BIT) break
      length = isGet
        ? putBulk(batch.bytes, length, high, low)
        : putInteger(batch.bytes, length, high, low)
      taken++
      if (isGet) gets++
      at = end
    }
    if (taken === 0) return 0
    reader.skipTo(at)
    batch.length = length
    counter.add(DialectKind.REDIS, Op.LOCAL, Status.OK, gets)
    counter.add(DialectKind.REDIS, Op.KEY, Status.OK, taken - gets)
    return taken
  }

  #command(exchange: ClientExchange): Parsed {
    const reader = this.#reader
    const { bytes, argCount } = reader
    if (argCount === 2) {
      const [start, end] = [reader.argStart(0), reader.argEnd(0)]
      if (isWord(bytes, start, end, GET)) return this.#get(exchange)
      if (isWord(bytes, start, end, INCR)) return this.#increment(exchange, 1)
    }
    const args: string[] = []
    for (let i = 0; i < argCount; i++) {
      args.push(bytesText(bytes.subarray(reader.argStart(i), reader.argEnd(i))))
    }
    const name = args.shift()!
    const verb = name.toUpperCase()
    switch (verb) {
      case "GET":
      case "INCR":
        return reply(exchange, wrongCount(verb))
      case "MGET":
        return args.length > 0
          ? this.#getMany(exchange, args.length)
          : reply(exchange, wrongCount(verb))
      case "INCRBY": {
        if (args.length !== 2) return reply(exchange, wrongCount(verb))
        return this.#counted(args[1]!, exchange, (count) => this.#increment(exchange, count))
      }
      case "FIRN.IDS":
        if (args.length !== 1 && args.length !== 2) return reply(exchange, wrongCount(verb))
        return this.#counted(args[0]!, exchange, (count) => this.#ids(exchange, count))
      case "PING":
        if (args.length > 1) return reply(exchange, wrongCount(verb))
        return ask(exchange, Op.PING, args.length === 0 ? PONG : new Pong(args[0]))
      case "TIME":
        return args.length === 0 ? ask(exchange, Op.CLOCK, TIME) : reply(exchange, wrongCount(verb))
      case "QUIT":
        this.#ending = Parsed.CLOSE
        return reply(exchange, "+OK\r\n")
      default:
        return reply(exchange, replyTo(name, args, this.#session))
    }
  }

  #get(exchange: ClientExchange): Parsed {
    const reader = this.#reader
    if (!parseIdName(reader.bytes, reader.argStart(1), reader.argEnd(1), exchange)) {
      return this.#refuseName(exchange, 1)
    }
    exchange.encoding = BULK_ID
    return Parsed.REQUEST
  }

  /** The name is a key, as it stands: its owner answers. */
  #increment(exchange: ClientExchange, count: number): Parsed {
    const reader = this.#reader
    const [start, end] = [reader.argStart(1), reader.argEnd(1)]
    if (start === end) return reply(exchange, NO_KEY)
    exchange.op = Op.KEY
    exchange.flags = 0
    exchange.count = count
    exchange.target = bytesHash(reader.bytes, start, end)
    exchange.encoding = LAST_ID
    return Parsed.REQUEST
  }

  #ids(exchange: ClientExchange, count: number): Parsed {
    const reader = this.#reader
    exchange.op = Op.LOCAL
    exchange.target = 0
    const isNamed = reader.argCount === 3
    if (isNamed && !parseIdName(reader.bytes, reader.argStart(2), reader.argEnd(2), exchange)) {
      return this.#refuseName(exchange, 2)
    }
    exchange.flags = 0
    exchange.count = count
    exchange.encoding = ID_ARRAY
    return Parsed.REQUEST
  }

  #counted(text: string, exchange: ClientExchange, use: (count: number) => Parsed): Parsed {
    if (!/^-?[0-9]{1,18}$/.test(text)) return reply(exchange, NO_COUNT)
    const count = Number(text)
    return count >= 1 && count <= COUNT_MAX ? use(count) : reply(exchange, WRONG_COUNT)
  }

  #getMany(exchange: ClientExchange, count: number): Parsed {
    const reader = this.#reader
    const many = new ManyIds(count, ID_OF_EACH)
    for (let i = 1; i <= count; i++) {
      if (!parseIdName(reader.bytes, reader.argStart(i), reader.argEnd(i), exchange)) {
        return this.#refuseName(exchange, i)
      }
      many.add(exchange)
    }
    return this.#nextOfMany(exchange, many)
  }

  #refuseName(exchange: ClientExchange, i: number): Parsed {
    const reader = this.#reader
    const name = reader.bytes.subarray(reader.argStart(i), reader.argEnd(i))
    return reply(exchange, error(noSuchName(name)))
  }

  #nextOfMany(exchange: ClientExchange, many: ManyIds): Parsed {
    many.ask(exchange)
    this.#many = many.isAsked ? undefined : many
    return Parsed.REQUEST
  }
}

function ask(exchange: ClientExchange, op: Op, encoding: Encoding): Parsed {
  exchange.op = op
  exchange.flags = 0
  exchange.count = 0
  exchange.target = 0
  exchange.encoding = encoding
  return Parsed.REQUEST
}

function reply(exchange: ClientExchange, text: string): Parsed {
  exchange.encoding = REPLY
  exchange.reply = textBytes(text)
  return Parsed.REPLY
}
