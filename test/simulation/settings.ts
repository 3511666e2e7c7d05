import { DEFAULT_EPOCH_MS, SIGNED_TIME_LIMIT, TIME_MAX } from "../../protocol/index.ts"
import type { Random, Weighted } from "./random.ts"

const YEAR_MS = 365.2425 * 86_400_000

const FAULTS = [
  "crash",
  "crash-in-write",
  "crash-loop",
  "stop",
  "pause",
  "step",
  "strobe",
  "drift",
  "glitch",
  "disk",
  "partition",
  "one-way",
  "isolate",
  "lose",
  "dark",
  "weather",
  "relist",
  "crowd",
  "mad",
  "slow",
  "take-over",
] as const
export type Fault = (typeof FAULTS)[number]

const BATCH_SIZES: Weighted<number> = [
  { item: 1, weight: 6 },
  { item: 8, weight: 6 },
  { item: 32, weight: 6 },
  { item: 100, weight: 4 },
  { item: 2_000, weight: 1 },
]

/**
 * What a node serves at a time where crowds come: enough for all others there are. Connections that
 * go dark would take up places for good, so there are none then.
 */
const CROWDED_MAX = 100
const UNCROWDED_MAX = 10_000

/** How long a stop may take, by the monotonic clock of its node. */
export const DRAIN_TIMEOUT_MS = 6_000
/** How long a request may wait for ids, by the monotonic clock of its node. */
export const WAIT_TIMEOUT_MS = 1_000

/** What a seed decides before anything happens. */
export interface Settings {
  readonly nodes: number
  readonly clients: number
  /** The true time at the beginning, Unix milliseconds. */
  readonly startMs: number
  /** How many nodes know of all others. */
  readonly fullLists: number
  /** All nodes are started within this. */
  readonly startWithinMs: number
  /** How long faults go on. */
  readonly faultyMs: number
  readonly linksPerPeer: number
  readonly forwardTimeoutMs: number
  readonly maxClockLeadMs: number
  /** How many clients a node serves at a time. */
  readonly maxConnections: number
  readonly maxClockLagMs: number
  readonly drainDelayMs: number
  /** The faults of this run, each as likely as any other. */
  readonly faults: readonly Fault[]
  /** From one fault to the next, on average. */
  readonly faultEveryMs: number
  /** Clocks step by up to this. */
  readonly stepMaxMs: number
  /** From one batch of a client to its next, on average. */
  readonly batchEveryMs: number
  readonly batchMax: number
  /** The most requests that a client leaves unanswered. */
  readonly pendingMax: number
}

/** @param nodes undefined: the seed decides */
export function drawSettings(random: Random, nodes?: number): Settings {
  const size = nodes ?? random.whole(1, 7)
  const isLarge = size > 7
  // Now and then more than a connection may have waiting for other nodes, which is 4,096.
  const batchMax = random.weighted(BATCH_SIZES)
  const some = FAULTS.filter(() => random.chance(0.4))
  const drawn = some.length > 0 ? some : [random.pick(FAULTS)]
  const isCrowded = drawn.includes("crowd")
  return {
    nodes: size,
    clients: random.whole(2, 6),
    startMs: drawStart(random),
    // At its start a node asks every node it knows who it is: a million questions of a thousand.
    fullLists: isLarge ? 16 : size,
    startWithinMs: 50,
    faultyMs: isLarge ? 2_000 : random.between(2_000, 12_000),
    linksPerPeer: isLarge ? 1 : random.pick([1, 1, 1, 2, 3]),
    forwardTimeoutMs: random.pick([20, 200, 1_000, 1_000]),
    maxClockLeadMs: random.pick([0, 5, 100, 2_000, 10_000, 10_000]),
    maxConnections: isCrowded ? CROWDED_MAX : UNCROWDED_MAX,
    faults: isCrowded ? drawn.filter((fault) => fault !== "dark") : drawn,
    drainDelayMs: random.pick([0, 0, 50, 1_500]),
    maxClockLagMs: random.pick([0, 100, 1_000, 1_000]),
    faultEveryMs: random.spread(100, 2_000),
    stepMaxMs: random.spread(1, 10 * YEAR_MS),
    batchEveryMs: random.spread(10, 100) * (batchMax > 1_000 ? 10 : 1),
    batchMax,
    pendingMax: Math.max(500, 4 * batchMax),
  }
}

/** Most runs are in the first decades; some at the two moments at which the format changes. */
function drawStart(random: Random): number {
  const time = random.weighted([
    { item: random.between(0, 30 * YEAR_MS), weight: 16 },
    { item: 0, weight: 2 },
    { item: SIGNED_TIME_LIMIT - random.spread(1, 20_000), weight: 1 },
    { item: TIME_MAX - random.spread(1, 60_000), weight: 1 },
  ])
  return DEFAULT_EPOCH_MS + Math.floor(time)
}
