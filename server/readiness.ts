import { Status, durationText } from "../protocol/index.ts"
import type { Generator } from "./generator/generator.ts"

/** Who has to wait longer than a day has something else to do. */
const LONG_WAIT_MS = 86_400_000

/** Ids are given out. */
export const READY = "ready"

/** Why a node cannot be relied on for ids now. */
interface Unreadiness {
  /** One sentence for an operator. */
  readonly reason: string
  /** When to ask again; 0 when that is not known. */
  readonly retryAfterMs: number
}

export type Readiness = typeof READY | Unreadiness

/** The parts of a node that decide whether it is ready. */
export interface ReadinessSources {
  readonly isStopping: boolean
  /** `lost`: why the node id is another process's now. */
  readonly reservation: { readonly lost: string | undefined }
  /** `fault`: why this node may not be relied on among the others. */
  readonly membership: { readonly fault: string | undefined }
  readonly generator: Pick<Generator, "refusal" | "refusalDetail" | "leadMs" | "lagMs" | "ended">
  /** `unready`: why there are no ids with a clock that is in doubt. */
  readonly clockWatch: { readonly unready: string | undefined }
}

type Obstacle = (sources: ReadinessSources) => Unreadiness | undefined

/** All that keeps a node from being ready. Of several that hold, the first is told. */
const OBSTACLES: readonly Obstacle[] = [stopping, identityLost, duplicateNode, noIds]

/** Reads the clock. */
export function readinessOf(sources: ReadinessSources): Readiness {
  for (const obstacle of OBSTACLES) {
    const unreadiness = obstacle(sources)
    if (unreadiness !== undefined) return unreadiness
  }
  return READY
}

function stopping({ isStopping }: ReadinessSources): Unreadiness | undefined {
  if (!isStopping) return undefined
  return { reason: "NOT_READY: this node is stopping", retryAfterMs: 0 }
}

function identityLost({ reservation: { lost } }: ReadinessSources): Unreadiness | undefined {
  return lost === undefined ? undefined : { reason: lostText(lost), retryAfterMs: 0 }
}

/** What is said of an identity that was lost. */
export function lostText(reason: string): string {
  return `identity lost: ${reason}`
}

function duplicateNode({ membership: { fault } }: ReadinessSources): Unreadiness | undefined {
  if (fault === undefined) return undefined
  return { reason: `duplicate node id: ${fault}`, retryAfterMs: 0 }
}

function noIds({ generator, clockWatch }: ReadinessSources): Unreadiness | undefined {
  const refusal = generator.refusal()
  if (refusal === Status.OK) return undefined
  const retryAfterMs = generator.refusalDetail
  if (refusal === Status.CLOCK_BEHIND) {
    const behind = `the clock is ${durationText(generator.leadMs)} behind the last id`
    const back = `ids are back in ${durationText(retryAfterMs)}${remedy(retryAfterMs)}`
    return { reason: `CLOCK_BEHIND: ${behind}; ${back}`, retryAfterMs }
  }
  const why = clockWatch.unready ?? whyNotStored(generator)
  return { reason: `NOT_READY: ${why}`, retryAfterMs }
}

/** Nobody waits for a clock that was far ahead once. */
function remedy(waitMs: number): string {
  if (waitMs < LONG_WAIT_MS) return ""
  return ": set the clock right, or retire this node id and start with a new one in an empty directory"
}

function whyNotStored({ ended, lagMs }: ReadinessSources["generator"]): string {
  if (ended) return "the time field is used up"
  const age = lagMs > 0 ? `: ids would be ${lagMs} ms behind the clock` : ""
  return `the mark cannot be stored${age}`
}
