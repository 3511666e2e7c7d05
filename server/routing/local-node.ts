import {
  FLAG_FORWARDED,
  NO_FAULT,
  NODE_ID_MAX,
  Op,
  Status,
  requestFault,
} from "../../protocol/index.ts"
import { WAIT } from "../generator/generator.ts"
import type { Generator } from "../generator/generator.ts"

const UINT32 = 2 ** 32
const UINT16 = 2 ** 16

/**
 * Answers requests out of this node alone. The answer is left in `status`, `high` and `low`, so
 * that nothing is allocated for it.
 */
export class LocalNode {
  readonly nodeId: number
  readonly epochMs: number
  /** For ids alone, without the way round by `answer`. */
  readonly generator: Generator
  /** Tells this run of the process from every other: 48 random bits, drawn at its start. */
  readonly startHigh16: number
  readonly startLow32: number

  status: number = Status.OK
  high = 0
  low = 0

  /** @param random uniform in [0, 1) */
  constructor(nodeId: number, epochMs: number, generator: Generator, random: () => number) {
    if (nodeId > NODE_ID_MAX) throw new Error(`node id ${nodeId}`)
    this.nodeId = nodeId
    this.epochMs = epochMs
    this.generator = generator
    this.startHigh16 = Math.floor(random() * UINT16)
    this.startLow32 = Math.floor(random() * UINT32)
  }

  /** Reads the clock; the answers up to the next call are of this moment. */
  begin(): void {
    this.generator.begin()
  }

  /** @returns false when the request has to wait for the next millisecond and be asked again */
  answer(op: number, flags: number, count: number, target: number): boolean {
    const fault = requestFault(op, flags, count, target)
    if (fault !== NO_FAULT) return this.refuse(Status.BAD_REQUEST, fault)
    switch (op) {
      case Op.NODE:
        if (target !== this.nodeId) return this.#refuseTarget(flags, target)
        return this.#takeIds(count)
      case Op.PING:
        return this.#accept(this.nodeId * UINT16 + this.startHigh16, this.startLow32)
      case Op.EPOCH:
        return this.#acceptMs(this.epochMs)
      case Op.CLOCK:
        return this.#acceptMs(this.generator.wallMs)
      default:
        return this.#takeIds(count)
    }
  }

  #takeIds(count: number): boolean {
    const generator = this.generator
    const taken = generator.take(count)
    if (taken === WAIT) return false
    if (taken !== Status.OK) return this.refuse(taken, generator.refusalDetail)
    return this.#accept(generator.high, generator.low)
  }

  #refuseTarget(flags: number, target: number): boolean {
    if ((flags & FLAG_FORWARDED) !== 0) return this.refuse(Status.WRONG_NODE, this.nodeId)
    return this.refuse(Status.UNKNOWN_NODE, target)
  }

  #accept(high: number, low: number): true {
    this.status = Status.OK
    this.high = high
    this.low = low
    return true
  }

  #acceptMs(ms: number): true {
    return this.#accept(Math.floor(ms / UINT32), ms >>> 0)
  }

  /** Leaves a refusal as the answer. */
  refuse(status: Status, detail: number): true {
    this.status = status
    this.high = Math.floor(detail / UINT32)
    this.low = detail >>> 0
    return true
  }
}
