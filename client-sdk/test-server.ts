import {
  COUNT_MAX,
  DEFAULT_EPOCH_MS,
  FrameReader,
  NODE_ID_MAX,
  Op,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  Status,
  composeId,
  encodeResponse,
  pingHigh,
  pingLow,
  requestCount,
  requestOp,
  requestTarget,
} from "../protocol/index.ts"
import type { StatusName } from "../protocol/index.ts"
import { FirnError } from "./errors.ts"
import { checkObject, shown, wholeNumber } from "./options.ts"

export interface TestServerOptions {
  /** Of the node that it stands for. 0 to 1023, default 0. */
  readonly node?: number
  /** What its ids count from, in Unix milliseconds. Default: 2026-01-01. */
  readonly epochMs?: number
}

/** The other end of a connection. Bytes arrive in a microtask. */
export interface TestConnection {
  receive(bytes: Uint8Array): void
  close(reason: string): void
}

const EPOCH_MAX = 2 ** 48 - 1
const DETAIL_MAX = Number.MAX_SAFE_INTEGER
const SEQUENCES = COUNT_MAX
/** Before anything has started again. */
const FIRST_START = 1

/**
 * A Firn node without a process and without a network, for tests of programs that use the client.
 * It gives out ids as a node does, by the time of `Date.now()` (which may be a fake one), none twice;
 * of another node when a call asks for that. And it fails when it is told to.
 */
export class TestServer {
  readonly node: number
  readonly epochMs: number
  /** How many ids it has given out. */
  idsGiven = 0
  #startNumber = FIRST_START
  #isListening = true
  #isHolding = false
  #refusal: { readonly status: Status; readonly detail: number } | undefined
  readonly #connections = new Map<TestConnection, FrameReader>()
  /** Requests that came while it did not answer. */
  #held: (() => void)[] = []
  /** The id that each node gives next, as its millisecond and its sequence. */
  readonly #next = new Map<number, { time: number; sequence: number }>()

  /** @throws FirnError INVALID_ARGUMENT */
  constructor(options: TestServerOptions = {}) {
    checkObject("options", options, ["node", "epochMs"])
    this.node = wholeNumber("node", options.node, 0, 0, NODE_ID_MAX)
    this.epochMs = wholeNumber("epochMs", options.epochMs, DEFAULT_EPOCH_MS, 0, EPOCH_MAX)
  }

  /**
   * From now on, answers requests for ids with this status.
   * @param detail the number that comes with it, such as the milliseconds of `CLOCK_BEHIND`
   * @throws FirnError INVALID_ARGUMENT
   */
  refuse(status: Exclude<StatusName, "OK">, detail = 0): void {
    const code = Status[status] as Status | undefined
    if (code === undefined || code === Status.OK) {
      const names = Object.keys(Status).filter((name) => name !== "OK")
      throw new FirnError("INVALID_ARGUMENT", `${shown(status)} is none of ${names.join(", ")}`)
    }
    this.#refusal = { status: code, detail: wholeNumber("detail", detail, 0, 0, DETAIL_MAX) }
  }

  /** From now on, answers nothing, as a node that hangs. */
  hang(): void {
    this.#isHolding = true
  }

  /** Ends all connections, and refuses new ones, as a node that was killed. */
  stop(): void {
    this.#isListening = false
    this.#startNumber++
    this.#held = []
    const connections = [...this.#connections.keys()]
    this.#connections.clear()
    for (const connection of connections) connection.close("it closed the connection")
  }

  /** Takes back what it was told: it listens, and answers, also what it has not answered. */
  resume(): void {
    this.#isListening = true
    this.#isHolding = false
    this.#refusal = undefined
    for (const answer of this.#held.splice(0)) answer()
  }

  /** @internal @returns whether it has accepted */
  accept(connection: TestConnection): boolean {
    if (this.#isListening) this.#connections.set(connection, new FrameReader(REQUEST_SIZE))
    return this.#isListening
  }

  /** The client has closed it. @internal */
  forget(connection: TestConnection): void {
    this.#connections.delete(connection)
  }

  /** The client has sent something. @internal */
  take(connection: TestConnection, chunk: Uint8Array): void {
    const reader = this.#connections.get(connection)
    if (reader === undefined) return
    reader.push(chunk)
    while (reader.nextRun()) {
      for (; reader.start < reader.end; reader.start += REQUEST_SIZE) {
        const { bytes, start } = reader
        const [op, count, target] = [
          requestOp(bytes, start),
          requestCount(bytes, start),
          requestTarget(bytes, start),
        ]
        const answer = (): void => connection.receive(this.#answer(op, count, target))
        if (this.#isHolding) this.#held.push(answer)
        else answer()
      }
    }
  }

  #answer(op: number, count: number, target: number): Uint8Array {
    if (op === Op.PING) {
      const high = pingHigh(this.node, this.#startNumber)
      return response(Status.OK, (BigInt(high) << 32n) | BigInt(pingLow(this.#startNumber)))
    }
    if (op === Op.EPOCH) return response(Status.OK, BigInt(this.epochMs))
    const refusal = this.#refusal
    if (refusal !== undefined) return response(refusal.status, BigInt(refusal.detail))
    if (op === Op.NODE && target > NODE_ID_MAX) return response(Status.UNKNOWN_NODE, BigInt(target))
    return response(Status.OK, this.#ids(op === Op.NODE ? target : this.node, count))
  }

  /** @returns the first of a block */
  #ids(node: number, count: number): bigint {
    this.idsGiven += count
    const now = Math.max(0, Date.now() - this.epochMs)
    const next = this.#next.get(node)
    let { time, sequence } =
      next !== undefined && next.time >= now ? next : { time: now, sequence: 0 }
    if (sequence + count > SEQUENCES) {
      time++
      sequence = 0
    }
    this.#next.set(node, { time, sequence: sequence + count })
    return composeId({ time, node, sequence })
  }
}

function response(status: Status, value: bigint): Uint8Array {
  const bytes = new Uint8Array(RESPONSE_SIZE)
  const [high, low] = [Number(value >> 32n), Number(value & 0xffff_ffffn)]
  encodeResponse(new DataView(bytes.buffer), 0, status, high, low)
  return bytes
}
