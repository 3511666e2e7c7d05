import { Op, Status, halvesToNumber, pingNode, pingStartNumber } from "../../protocol/index.ts"
import type { PeerContext } from "./context.ts"
import { LINK_IN_FLIGHT_MAX } from "./link.ts"
import type { Link } from "./link.ts"
import type { ResponseHandler } from "./response-handler.ts"

/** A link that has left this many checks unanswered is given up. */
const MISSED_MAX = 3
/** PING, EPOCH and CLOCK. */
const REQUESTS_PER_CHECK = 3

/** What a check of the other end of a link has found. */
export interface Finding {
  /** Why it must not be used; undefined when it is the node that is listed there. */
  readonly fault: string | undefined
  /** It is another process with this node's own id. */
  readonly isDuplicate: boolean
  /** It is about to stop, and says so instead of its epoch. */
  readonly isLeaving: boolean
  /** Its wall clock, Unix milliseconds. */
  readonly clockMs: number
  /** The same less ours. */
  readonly skewMs: number
  /** Its wall clock less our monotonic one, milliseconds. */
  readonly offsetMs: number
  readonly roundTripMs: number
}

/**
 * Asks the other end of a link who it is (PING), what it counts from (EPOCH) and what time it is
 * there (CLOCK): when the link opens, before any request, and then at every heartbeat.
 */
export class LinkCheck {
  readonly #link: Link
  readonly #nodeId: number
  readonly #context: PeerContext
  readonly #found: (finding: Finding) => void
  #unanswered = 0

  /** @param nodeId the node that is listed at that address */
  constructor(link: Link, nodeId: number, context: PeerContext, found: (finding: Finding) => void) {
    this.#link = link
    this.#nodeId = nodeId
    this.#context = context
    this.#found = found
  }

  beat(nowMs: number): void {
    if (this.#unanswered >= MISSED_MAX) {
      this.#link.close(`${this.#unanswered} pings were not answered`)
      return
    }
    // A full link takes no check, which counts as none missed: if it stands still it is closed anyway.
    if (this.#link.inFlight > LINK_IN_FLIGHT_MAX - REQUESTS_PER_CHECK) return
    this.#unanswered++
    let fault: string | undefined
    let isDuplicate = false
    let isLeaving = false
    this.#ask(Op.PING, nowMs, (high, low) => {
      isDuplicate = this.#isDuplicate(high, low)
      fault = this.#identityFault(high, low)
    })
    this.#ask(
      Op.EPOCH,
      nowMs,
      (high, low) => {
        const epochMs = halvesToNumber(high, low)
        if (epochMs !== this.#context.epochMs) {
          fault ??= `its epoch is ${epochMs}, ours is ${this.#context.epochMs}`
        }
      },
      () => (isLeaving = true),
    )
    this.#ask(Op.CLOCK, nowMs, (high, low) => {
      this.#unanswered = 0
      const { environment } = this.#context
      const answeredMs = environment.monotonicMs()
      const roundTripMs = answeredMs - nowMs
      const clockMs = halvesToNumber(high, low) + roundTripMs / 2
      const skewMs = clockMs - environment.wallMs()
      const offsetMs = clockMs - answeredMs
      this.#found({ fault, isDuplicate, isLeaving, clockMs, skewMs, offsetMs, roundTripMs })
    })
  }

  /** @param notReady what an answer of NOT_READY means, if anything */
  #ask(
    op: Op,
    nowMs: number,
    answer: (high: number, low: number) => void,
    notReady?: () => void,
  ): void {
    const handler: ResponseHandler = {
      wanted: 0,
      answered: (status, high, low) => {
        if (status === Status.OK) answer(high, low)
        else if (status === Status.NOT_READY && notReady !== undefined) notReady()
        else this.#link.close(`it answered ${op} with status ${status}`)
      },
      // Whoever owns the link hears of its loss.
      lost: () => {},
    }
    this.#link.send(op, 0, 0, handler, nowMs, Infinity)
  }

  #isDuplicate(high: number, low: number): boolean {
    return pingNode(high) === this.#context.nodeId && !this.#isThisProcess(high, low)
  }

  #isThisProcess(high: number, low: number): boolean {
    return pingStartNumber(high, low) === this.#context.startNumber
  }

  #identityFault(high: number, low: number): string | undefined {
    const nodeId = pingNode(high)
    if (nodeId === this.#nodeId && nodeId !== this.#context.nodeId) return undefined
    if (nodeId !== this.#context.nodeId) return `it is node ${nodeId}, not ${this.#nodeId}`
    return this.#isThisProcess(high, low)
      ? "it is this very process"
      : `it is another process with this node's id ${nodeId}`
  }
}
