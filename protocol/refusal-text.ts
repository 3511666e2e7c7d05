import type { Answer } from "./answer.ts"
import { durationText } from "./duration.ts"
import { halvesToNumber } from "./halves.ts"
import { STATUSES, Status } from "./statuses.ts"

/** One sentence for a refusal, for those who read text. */
export function refusalText(refusal: Answer): string {
  const detail = halvesToNumber(refusal.high, refusal.low)
  switch (refusal.status) {
    case Status.UNKNOWN_NODE:
      return `node ${detail} is not in this cluster`
    case Status.NODE_DOWN:
      return `node ${detail} cannot be reached`
    case Status.TIMEOUT:
      return `no answer within ${detail} ms`
    case Status.OVERLOADED:
      return `too much is waiting for the node: try again in ${detail} ms`
    case Status.CLOCK_BEHIND:
      return `the node's clock is behind its last id: ids are back in ${durationText(detail)}`
    case Status.NOT_READY:
      return "the node cannot give out ids now: it is starting, stopping, or cannot store its mark"
    case Status.WRONG_NODE:
      return `node ${detail} answered in its place`
    default:
      return `${STATUSES[refusal.status]!.detail}: ${detail}`
  }
}
