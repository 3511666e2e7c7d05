import { STATUSES, encodeDecimal, refusalText } from "../../../protocol/index.ts"
import { version } from "../../../package.json"
import type { ClientExchange } from "../dialect.ts"
import { noSuchName, parseIdName } from "../id-name.ts"
import { ManyIds } from "../many-ids.ts"
import type { ManyIdsFormat } from "../many-ids.ts"
import type { WriteBatch } from "../write-batch.ts"

const SPACE = 0x20
const CR = 0x0d
const LF = 0x0a
/** Of 2^64 - 1. */
const DIGITS_MAX = 20

/** Behind the line of these comes the value that is to be stored. */
const STORING = new Set(["set", "add", "replace", "append", "prepend", "cas", "ms"])
const OTHERS = new Set(
  "incr decr delete touch gat gats stats flush_all verbosity mg md ma mn me".split(" "),
)

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** What stands in the line of a command that gets no ids. */
export interface MemcachedReply {
  readonly reply: string
  /** Whether what comes next cannot be told from lines. */
  readonly closes: boolean
}

/** Whether a line is one whose answer memcached's clients read, by its beginning. */
export function isMemcachedLine(line: Uint8Array): boolean {
  const verb = verbOf(line)
  return verb === "get" || verb === "gets" || STORING.has(verb) || OTHERS.has(verb)
}

/**
 * Reads a line of memcached's text protocol: `get` and `gets`, whose keys are names of ids, and `version`.
 * @returns the request or the answer; undefined when the line is none of memcached's
 */
export function parseMemcachedLine(
  line: Uint8Array,
  exchange: ClientExchange,
): ManyIds | MemcachedReply | undefined {
  const verb = verbOf(line)
  if (verb === "get" || verb === "gets") return namesOf(line, verb, exchange)
  if (verb.toLowerCase() === "version" && line.length === verb.length) {
    return { reply: `VERSION ${version} firn\r\n`, closes: false }
  }
  if (!isMemcachedLine(line)) return undefined
  return {
    reply: clientError(`${verb} is not there: ids are got by get and gets`),
    closes: STORING.has(verb),
  }
}

/** What a client is told that has sent something wrong. */
export function clientError(what: string): string {
  return `CLIENT_ERROR ${what}\r\n`
}

/** As in memcached, not in capitals: `GET` is a word of HTTP. */
function verbOf(line: Uint8Array): string {
  const end = line.indexOf(SPACE)
  return decoder.decode(end < 0 ? line : line.subarray(0, end))
}

function namesOf(
  line: Uint8Array,
  verb: "get" | "gets",
  exchange: ClientExchange,
): ManyIds | MemcachedReply {
  const names = wordsOf(line).slice(1)
  if (names.length === 0) {
    const reply = clientError(`${verb} takes a name or several, such as ${verb} local`)
    return { reply, closes: false }
  }
  const many = new ManyIds(names.length, new Values(names, verb === "gets"))
  for (const name of names) {
    if (!parseIdName(name, 0, name.length, exchange)) {
      return { reply: clientError(noSuchName(name)), closes: false }
    }
    many.add(exchange)
  }
  return many
}

/** What stands between the spaces; bytes of its own. */
function wordsOf(line: Uint8Array): Uint8Array[] {
  const words: Uint8Array[] = []
  for (let start = 0; start < line.length;) {
    const space = line.indexOf(SPACE, start)
    const end = space < 0 ? line.length : space
    if (end > start) words.push(new Uint8Array(line.subarray(start, end)))
    start = end + 1
  }
  return words
}

/** An id as the value of the name it was asked for by. */
class Values implements ManyIdsFormat {
  readonly #names: readonly Uint8Array[]
  readonly #areUnique: boolean
  readonly #digits = new Uint8Array(DIGITS_MAX)

  /** @param areUnique whether each value has the number that `gets` is for: the id once more */
  constructor(names: readonly Uint8Array[], areUnique: boolean) {
    this.#names = names
    this.#areUnique = areUnique
  }

  appendIds(values: Uint32Array, batch: WriteBatch): void {
    for (const [i, name] of this.#names.entries()) {
      const size = encodeDecimal(this.#digits, 0, values[2 * i]!, values[2 * i + 1]!)
      const digits = this.#digits.subarray(0, size)
      batch.append(encoder.encode("VALUE "))
      batch.append(name)
      batch.append(encoder.encode(` 0 ${size}`))
      if (this.#areUnique) {
        batch.append(Uint8Array.of(SPACE))
        batch.append(digits)
      }
      batch.append(Uint8Array.of(CR, LF))
      batch.append(digits)
      batch.append(Uint8Array.of(CR, LF))
    }
    batch.append(encoder.encode("END\r\n"))
  }

  /** One that may soon be over is the server's, as its clients tell them apart. */
  refusal(exchange: ClientExchange): Uint8Array {
    const { name, retryable } = STATUSES[exchange.status]!
    const sentence = `${name} ${refusalText(exchange)}`
    return encoder.encode(retryable ? `SERVER_ERROR ${sentence}\r\n` : clientError(sentence))
  }
}
