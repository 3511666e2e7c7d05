import { ServerError } from "../errors.ts"
import type { OpenFiles } from "./open-files.ts"

/** For the node itself: its store after an error, names that are looked up, files read for a moment. */
const OWN = 16
/** The most that are kept for HTTP, and as many again for clients that are refused. */
const SIDE_MAX = 256
/** With so many besides its own a node serves one client. */
const LEFT_MIN = 3

export interface DescriptorNeeds {
  /** How many clients are to be served. */
  readonly maxConnections: number
  /** How many connections there may be to and from other nodes. */
  readonly peerConnections: number
}

/** What descriptors are for. */
export interface DescriptorPlan {
  readonly maxConnections: number
  /** Clients that are refused, at a time. */
  readonly maxRefused: number
  /** No client gets a descriptor of this number or above. */
  readonly ceiling: number
}

/**
 * Shares out the descriptors that a process has left: first the node itself, then up to a quarter
 * for its peers and an eighth each for HTTP and for refusals, the rest for clients.
 * @param files undefined: not known, so nothing is kept back
 * @throws ServerError when no client could be served
 */
export function planDescriptors(
  files: OpenFiles | undefined,
  { maxConnections, peerConnections }: DescriptorNeeds,
): DescriptorPlan {
  if (files === undefined) return { maxConnections, maxRefused: SIDE_MAX, ceiling: Infinity }
  const { limit, open } = files
  const left = limit - open - OWN
  if (left < LEFT_MIN) {
    const needed = open + OWN + LEFT_MIN
    const message = `the limit of open files is ${limit}, and a node needs ${needed} (ulimit -n)`
    throw new ServerError(message)
  }
  const forPeers = Math.min(peerConnections, Math.floor(left / 4))
  const side = Math.min(SIDE_MAX, Math.ceil(left / 8))
  return {
    maxConnections: Math.min(maxConnections, left - forPeers - 2 * side),
    maxRefused: side,
    ceiling: limit - OWN - forPeers,
  }
}
