import {
  FLAG_FORWARDED,
  NO_FAULT,
  NODE_ID_MAX,
  Op,
  Status,
  pingHigh,
  pingLow,
  requestFault,
} from "../../protocol/index.ts"
import { Outcome } from "../exchange.ts"
import type { Exchange } from "../exchange.ts"
import type { Generator } from "../generator/generator.ts"

/** Start numbers are below this. */
const START_NUMBERS: number = 2 ** 48

/** Answers requests out of this node alone. */
export class LocalNode {
  readonly nodeId: number
  readonly epochMs: number
  /** For ids alone, without the way round by `answer`. */
  readonly generator: Generator
  /** Tells this run of the process from every other: 48 random bits, drawn at its start. */
  readonly startNumber: number
  /**
   * Its process ends soon. The checks of balancers (PING) and of other nodes (EPOCH) hear of it; not
   * the PING of another node, which has to find out that it has the same id.
   */
  isLeaving = false

  /** @param random uniform in [0, 1) */
  constructor(nodeId: number, epochMs: number, generator: Generator, random: () => number) {
    if (nodeId > NODE_ID_MAX) throw new Error(`node id ${nodeId}`)
    this.nodeId = nodeId
    this.epochMs = epochMs
    this.generator = generator
    this.startNumber = Math.floor(random() * START_NUMBERS)
  }

  /** Reads the clock; the answers up to the next call are of this moment. */
  begin(): void {
    this.generator.begin()
  }

  /** @returns the status of the answer, or `Outcome.WAIT` when it takes ids of the next millisecond */
  answer(exchange: Exchange): Outcome {
    const { op, flags, count, target } = exchange
    const fault = requestFault(op, flags, count, target)
    if (fault !== NO_FAULT) return exchange.refuse(Status.BAD_REQUEST, fault)
    switch (op) {
      case Op.NODE:
        if (target !== this.nodeId) return this.#refuseTarget(exchange)
        return this.take(exchange)
      case Op.PING:
        if (this.isLeaving && (flags & FLAG_FORWARDED) === 0) {
          return exchange.refuse(Status.NOT_READY, 0)
        }
        return exchange.accept(pingHigh(this.nodeId, this.startNumber), pingLow(this.startNumber))
      case Op.EPOCH:
        if (this.isLeaving && (flags & FLAG_FORWARDED) !== 0) {
          return exchange.refuse(Status.NOT_READY, 0)
        }
        return exchange.acceptNumber(this.epochMs)
      case Op.CLOCK:
        return exchange.acceptNumber(this.generator.wallMs)
      default:
        return this.take(exchange)
    }
  }

  /** Takes the ids that a request asks for, when it is its turn. */
  take(exchange: Exchange): Outcome {
    return exchange.mayTakeIds ? this.generator.take(exchange.count, exchange) : Outcome.WAIT
  }

  #refuseTarget(exchange: Exchange): Status {
    const { flags, target } = exchange
    if ((flags & FLAG_FORWARDED) !== 0) return exchange.refuse(Status.WRONG_NODE, this.nodeId)
    return exchange.refuse(Status.UNKNOWN_NODE, target)
  }
}
