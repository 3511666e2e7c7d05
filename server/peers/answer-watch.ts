import { Status } from "../../protocol/index.ts"
import type { Environment } from "../environment.ts"
import { AnswerCheck, refusalFault } from "./answer-check.ts"
import type { ResponseHandler } from "./response-handler.ts"

/** Hears how long the answers of a peer take. */
export interface Timekeeper {
  took(ms: number, sentAtMs: number, nowMs: number): void
  /** A request has waited for its answer in vain. */
  missed(sentAtMs: number, nowMs: number): void
}

/**
 * Looks at what comes of the requests for ids on one link: whether the answers can be true, and how
 * long they take. One request at a time is timed, so that a busy link costs few clock reads.
 */
export class AnswerWatch {
  readonly check: AnswerCheck
  readonly #environment: Environment
  readonly #timekeeper: Timekeeper
  readonly #now: () => number
  #timed: ResponseHandler | undefined
  #sentAtMs = 0

  constructor(nodeId: number, environment: Environment, timekeeper: Timekeeper) {
    this.check = new AnswerCheck(nodeId)
    this.#environment = environment
    this.#timekeeper = timekeeper
    this.#now = () => environment.monotonicMs()
  }

  sent(handler: ResponseHandler, nowMs: number): void {
    if (this.#timed !== undefined) return
    this.#timed = handler
    this.#sentAtMs = nowMs
  }

  /**
   * @param handler undefined: the request has timed out, and there was at least one id to it
   * @returns why the answer cannot be true, or undefined
   */
  answered(
    handler: ResponseHandler | undefined,
    status: Status,
    high: number,
    low: number,
  ): string | undefined {
    if (handler !== undefined && handler === this.#timed) this.#noteTime()
    if (status !== Status.OK) return refusalFault(status, high, low)
    return this.check.idFault(high, low, handler?.wanted ?? 1, this.#now)
  }

  expired(handler: ResponseHandler, waitedMs: number): void {
    if (handler === this.#timed) this.#timed = undefined
    const nowMs = this.#environment.monotonicMs()
    this.#timekeeper.missed(nowMs - waitedMs, nowMs)
  }

  #noteTime(): void {
    this.#timed = undefined
    const nowMs = this.#environment.monotonicMs()
    this.#timekeeper.took(nowMs - this.#sentAtMs, this.#sentAtMs, nowMs)
  }
}
