import { COUNT_MAX, Op, Status } from "../../../protocol/index.ts"
import type { StatusName } from "../../../protocol/index.ts"
import { Client } from "./client.ts"
import type { Random } from "../random.ts"
import type { Request } from "./requests.ts"
import { request } from "./requests.ts"

const WORDS = new Map<number, string>([
  [Op.PING, "ping"],
  [Op.EPOCH, "epoch"],
  [Op.CLOCK, "clock"],
])

/** A request that can be said as a line of text. Large blocks are rare, since they are slow. */
export function drawTextRequest(random: Random, nodeIds: readonly number[]): Request {
  const count = random.chance(0.002) ? random.whole(1, COUNT_MAX) : random.whole(1, 4)
  return random.weighted([
    { item: () => request(Op.LOCAL, count), weight: 4 },
    { item: () => request(Op.NODE, count, random.pick(nodeIds)), weight: 3 },
    { item: () => request(Op.RANDOM, count), weight: 2 },
    { item: () => request(random.pick([Op.PING, Op.EPOCH, Op.CLOCK]), 0), weight: 1 },
    { item: () => ({ ...request(Op.LOCAL, 1), fault: 0 }), weight: 1 },
  ])()
}

/** Speaks lines of text. */
export class TextClient extends Client {
  #text = ""
  /** The ids so far of the answer that is coming in. */
  #ids: bigint[] = []
  readonly #decoder = new TextDecoder()

  protected override reset(): void {
    this.#text = ""
    this.#ids = []
  }

  protected override encode(requests: readonly Request[]): Uint8Array<ArrayBuffer> {
    return new TextEncoder().encode(requests.map(line).join(""))
  }

  protected override receive(chunk: Uint8Array): void {
    const lines = (this.#text + this.#decoder.decode(chunk)).split("\n")
    this.#text = lines.pop()!
    for (const answer of lines) this.#take(answer)
  }

  #take(answer: string): void {
    const [first] = this.pending
    const name = /^ERR (\w+)/.exec(answer)?.[1]
    if (name !== undefined) {
      // The sentence contains the detail, except when a line is wrong.
      const detail = name === "BAD_REQUEST" ? 0 : Number(/\d+/.exec(answer)?.[0] ?? 0)
      this.#settle(Status[name as StatusName], BigInt(detail))
      return
    }
    const value = BigInt(answer)
    const count = first !== undefined && first.op < Op.PING ? first.count : 1
    const isNext = this.#ids.length === 0 || value === this.#ids[this.#ids.length - 1]! + 1n
    if (!isNext) this.parts.world.breaks(`a block of text goes on with ${answer}`)
    this.#ids.push(value)
    if (this.#ids.length === count) this.#settle(Status.OK, this.#ids[0]!)
  }

  #settle(status: number, value: bigint): void {
    if (status !== Status.OK && this.#ids.length > 0) {
      this.parts.world.breaks("a block of text ends in an error")
    }
    this.#ids = []
    this.settle(status, Number(value >> 32n), Number(value & 0xffff_ffffn))
  }
}

function line({ op, count, target, fault }: Request): string {
  const number = count === 1 ? "" : ` ${count}`
  if (fault === 0) return "unique please\r\n"
  const word = WORDS.get(op)
  if (word !== undefined) return `${word}\n`
  if (op === Op.NODE) return `dunique node ${target}${number}\n`
  return op === Op.RANDOM ? `dunique random${number}\r\n` : `lunique${number}\n`
}
