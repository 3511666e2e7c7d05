import { COUNT_MAX, Op, Status, keyHash } from "../../../protocol/index.ts"
import type { StatusName } from "../../../protocol/index.ts"
import { Client } from "./client.ts"
import type { ClientParts } from "./client.ts"
import type { Random } from "../random.ts"
import type { Request } from "./requests.ts"
import { request } from "./requests.ts"

/** Keys by their hashes, which are all that a request has. */
const KEYS = new Map(Array.from({ length: 50 }, (_, i) => [keyHash(`k${i}`), `k${i}`]))
const HASHES = [...KEYS.keys()]
const END = "\r\n"

/** A request that can be said as a command of Redis's protocol. */
export function drawRedisRequest(random: Random, nodeIds: readonly number[]): Request {
  const count = random.chance(0.002) ? random.whole(1, COUNT_MAX) : random.whole(1, 4)
  return random.weighted([
    { item: () => request(Op.LOCAL, count), weight: 4 },
    { item: () => request(Op.NODE, count, random.pick(nodeIds)), weight: 2 },
    { item: () => request(Op.RANDOM, count), weight: 2 },
    { item: () => request(Op.KEY, count, random.pick(HASHES)), weight: 3 },
    { item: () => request(Op.CLOCK, 0), weight: 1 },
    { item: () => ({ ...request(Op.LOCAL, 1), fault: 0 }), weight: 1 },
  ])()
}

/** Speaks Redis's protocol, RESP 2. */
export class RedisClient extends Client {
  #text = ""
  readonly #usesIntegers: boolean
  readonly #decoder = new TextDecoder()

  /** @param usesIntegers whether ids fit into integers of Redis */
  constructor(parts: ClientParts, usesIntegers: boolean) {
    super(parts)
    this.#usesIntegers = usesIntegers
  }

  protected override reset(): void {
    this.#text = ""
  }

  protected override encode(requests: readonly Request[]): Uint8Array<ArrayBuffer> {
    return new TextEncoder().encode(
      requests.map((one) => command(one, this.#usesIntegers)).join(""),
    )
  }

  protected override receive(chunk: Uint8Array): void {
    const lines = (this.#text + this.#decoder.decode(chunk)).split(END)
    const rest = lines.pop()!
    let at = 0
    for (let size = answerSize(lines, at); size > 0; size = answerSize(lines, at)) {
      this.#take(lines.slice(at, at + size))
      at += size
    }
    this.#text = [...lines.slice(at), rest].join(END)
  }

  #take(lines: readonly string[]): void {
    const [head] = lines
    const [sent] = this.pending
    if (head![0] === "-") {
      const [, name, sentence] = /^-(?:TRYAGAIN|ERR) ([A-Z_]+) (.*)$/.exec(head!) ?? []
      if (name === undefined) return this.#settle(Status.BAD_REQUEST, 0n)
      // The sentence contains the detail.
      return this.#settle(Status[name as StatusName], BigInt(/\d+/.exec(sentence!)?.[0] ?? 0))
    }
    if (sent?.op === Op.CLOCK) {
      return this.#settle(Status.OK, BigInt(lines[2]!) * 1_000n + BigInt(lines[4]!) / 1_000n)
    }
    const count = sent?.count ?? 1
    if (head![0] === ":") {
      return this.#settle(Status.OK, BigInt(head!.slice(1)) - BigInt(count - 1))
    }
    const ids = lines.filter((line) => /^[0-9]/.test(line)).map(BigInt)
    const isBlock = ids.every((id, i) => id === ids[0]! + BigInt(i))
    if (ids.length !== count || !isBlock) {
      this.parts.world.breaks(`${count} ids of Redis's protocol are ${ids.join(", ")}`)
    }
    return this.#settle(Status.OK, ids[0]!)
  }

  #settle(status: number, value: bigint): void {
    this.settle(status, Number(value >> 32n), Number(value & 0xffff_ffffn))
  }
}

/** How many lines the answer has that begins at one of them; 0 when it is not whole. */
function answerSize(lines: readonly string[], at: number): number {
  const head = lines[at]
  if (head === undefined) return 0
  const size = head[0] === "$" ? 2 : head[0] === "*" ? 1 + 2 * Number(head.slice(1)) : 1
  return at + size <= lines.length ? size : 0
}

function command({ op, count, target, fault }: Request, usesIntegers: boolean): string {
  if (fault === 0) return written("GET", "nonsense")
  if (op === Op.CLOCK) return written("TIME")
  const key = KEYS.get(target)
  // Both ways to ask for a key, each command in both of its forms.
  if (op === Op.KEY && usesIntegers && target % 2 === 0) {
    return count === 1 ? written("INCR", key!) : written("incrby", key!, `${count}`)
  }
  const name =
    op === Op.KEY
      ? `key:${key}`
      : op === Op.NODE
        ? `node:${target}`
        : op === Op.RANDOM
          ? "random"
          : "local"
  return count === 1 ? written("get", name) : written("FIRN.IDS", `${count}`, name)
}

function written(...args: readonly string[]): string {
  return `*${args.length}${END}${args.map((arg) => `$${arg.length}${END}${arg}${END}`).join("")}`
}
