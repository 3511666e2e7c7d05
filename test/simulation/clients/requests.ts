import { COUNT_MAX, FLAG_FORWARDED, NODE_ID_MAX, NO_FAULT, Op } from "../../../protocol/index.ts"
import type { Random, Weighted } from "../random.ts"

/** A request as a client sends it. */
export interface Request {
  readonly op: number
  readonly flags: number
  readonly count: number
  readonly target: number
  /** The offset that a BAD_REQUEST has to name, or NO_FAULT. */
  readonly fault: number
}

export function request(op: number, count: number, target = 0, flags = 0): Request {
  return { op, flags, count, target, fault: NO_FAULT }
}

/** The first wrong byte of each is at this offset. */
const MALFORMED: readonly Request[] = [
  { op: 0, flags: 0, count: 1, target: 0, fault: 0 },
  { op: 0x1f, flags: 0xff, count: 0, target: 9, fault: 0 },
  { op: Op.LOCAL, flags: 2, count: 1, target: 0, fault: 1 },
  { op: Op.PING, flags: 0x81, count: 7, target: 1, fault: 1 },
  { op: Op.NODE, flags: 0, count: 0, target: 1, fault: 2 },
  { op: Op.KEY, flags: 1, count: COUNT_MAX + 1, target: 1, fault: 2 },
  { op: Op.CLOCK, flags: 0, count: 1, target: 0, fault: 2 },
  { op: Op.RANDOM, flags: 0, count: 1, target: 1, fault: 4 },
]

type Draw<T> = (random: Random, nodeIds: readonly number[]) => T

const DRAWS: Weighted<Draw<Request>> = [
  { item: (random) => request(Op.LOCAL, drawCount(random)), weight: 30 },
  {
    item: (random, nodeIds) => request(Op.NODE, drawCount(random), random.pick(nodeIds)),
    weight: 25,
  },
  { item: (random) => request(Op.RANDOM, drawCount(random)), weight: 18 },
  {
    item: (random) => request(Op.KEY, drawCount(random), random.whole(0, 2 ** 32 - 1)),
    weight: 15,
  },
  { item: (random) => request(random.pick([Op.PING, Op.EPOCH, Op.CLOCK]), 0), weight: 5 },
  { item: (random) => request(Op.NODE, drawCount(random), drawStranger(random)), weight: 2 },
  { item: drawForwarded, weight: 3 },
  { item: (random) => random.pick(MALFORMED), weight: 2 },
]

/** One id, a few, any number of them, or a whole millisecond's. */
const COUNTS: Weighted<(random: Random) => number> = [
  { item: () => 1, weight: 10 },
  { item: (random) => random.whole(2, 16), weight: 3 },
  { item: (random) => random.whole(1, COUNT_MAX), weight: 4 },
  { item: () => COUNT_MAX, weight: 1 },
]

/** Any request a client may think of; mostly good ones. */
export function drawRequest(random: Random, nodeIds: readonly number[]): Request {
  return random.weighted(DRAWS)(random, nodeIds)
}

function drawCount(random: Random): number {
  return random.weighted(COUNTS)(random)
}

/** A target that may be a node of the cluster or not, or no node id at all. */
function drawStranger(random: Random): number {
  return random.chance(0.5) ? random.whole(0, NODE_ID_MAX) : random.whole(NODE_ID_MAX, 2 ** 32 - 1)
}

/** As if from another node: to be answered where it arrives. */
function drawForwarded(random: Random, nodeIds: readonly number[]): Request {
  const op = random.pick([Op.LOCAL, Op.NODE, Op.RANDOM, Op.KEY])
  const target = op === Op.NODE || op === Op.KEY ? random.pick(nodeIds) : 0
  return request(op, drawCount(random), target, FLAG_FORWARDED)
}
