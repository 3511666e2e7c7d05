import {
  NODE_ID_MAX,
  REQUEST_SIZE,
  SEQUENCE_MAX,
  Status,
  TIME_MAX,
  halvesToNumber,
  idHigh,
  idNode,
  idTime,
} from "../../protocol/index.ts"

/** The longest that `--max-clock-lead` can be set to. */
export const CLOCK_LEAD_LIMIT_MS = 3_600_000
/** How far past its clock a peer's ids may be: its lead, and what its clock is not known by. */
export const ID_AHEAD_MAX_MS: number = CLOCK_LEAD_LIMIT_MS + 10_000
/** The longest that a refusal may say that somebody waited, or has to wait for his turn. */
const WAIT_MAX_MS = 86_400_000

/**
 * Holds the answers on one link to requests for ids against what a node can say. Along a link its
 * ids increase: it answers in order, and a connection that is lost takes all of its answers with it.
 * Links to the same node interleave, so each has a check of its own.
 */
export class AnswerCheck {
  readonly #nodeId: number
  /** The last id of the block that came last. */
  #high = 0
  #low = -1
  /** Up to this upper half an id is not past the clock; computed anew when one is above it. */
  #highMax = -1
  /** The peer's clock, milliseconds since the epoch, at a moment of ours. */
  #clockMs = -Infinity
  #readAtMs = 0

  /** @param nodeId the node whose ids it may give */
  constructor(nodeId: number) {
    this.#nodeId = nodeId
  }

  /**
   * The peer has told its clock. Before that, all ids are of the future.
   * @param clockMs milliseconds since the epoch
   * @param nowMs monotonic
   */
  setClock(clockMs: number, nowMs: number): void {
    this.#clockMs = clockMs
    this.#readAtMs = nowMs
    this.#highMax = -1
  }

  /**
   * @param now the monotonic clock, read only when an id is further ahead than any before
   * @returns why the peer cannot have given these ids, or undefined
   */
  idFault(high: number, low: number, count: number, now: () => number): string | undefined {
    if (idNode(low) !== this.#nodeId) return "it answered with an id that is not its own"
    if ((low & SEQUENCE_MAX) + count - 1 > SEQUENCE_MAX) return "it gives blocks that carry"
    if (high < this.#high || (high === this.#high && low <= this.#low)) return "it repeats ids"
    if (high > this.#highMax && this.#isFuture(high, low, now()))
      return "it gives ids of the future"
    this.#high = high
    this.#low = low + count - 1
    return undefined
  }

  #isFuture(high: number, low: number, nowMs: number): boolean {
    const maxMs = this.#clockMs + (nowMs - this.#readAtMs) + ID_AHEAD_MAX_MS
    if (idTime(high, low) > maxMs) return true
    // The upper half counts in more than milliseconds: only those below it are sure to be within.
    this.#highMax = idHigh(Math.min(maxMs, TIME_MAX)) - 1
    return false
  }
}

/** @returns why no node refuses so, or undefined */
export function refusalFault(status: Status, high: number, low: number): string | undefined {
  const detail = halvesToNumber(high, low)
  if (detail <= detailMax(status)) return undefined
  return `it refuses with status ${status} and detail ${detail}, which makes no sense`
}

function detailMax(status: Status): number {
  switch (status) {
    case Status.BAD_REQUEST:
      return REQUEST_SIZE - 1
    case Status.UNKNOWN_NODE:
    case Status.NODE_DOWN:
    case Status.WRONG_NODE:
      return NODE_ID_MAX
    case Status.CLOCK_BEHIND:
      return TIME_MAX
    case Status.OK:
      return Infinity
    case Status.TIMEOUT:
    case Status.OVERLOADED:
    case Status.NOT_READY:
      return WAIT_MAX_MS
    default:
      return status satisfies never
  }
}
