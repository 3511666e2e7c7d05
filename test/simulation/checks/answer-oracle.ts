import {
  FLAG_FORWARDED,
  NO_FAULT,
  Op,
  STATUSES,
  Status,
  halvesToNumber,
  pingNode,
} from "../../../protocol/index.ts"
import { blockName, idBlock } from "../../support/id-block.ts"
import type { IdBlock } from "../../support/id-block.ts"
import { ordinal } from "../../support/issue-oracle.ts"
import { ANY_NODE } from "./forward-ledger.ts"
import type { ForwardLedger } from "./forward-ledger.ts"
import type { Request } from "../clients/requests.ts"
import { WAIT_TIMEOUT_MS } from "../settings.ts"
import type { Life } from "../machine/life.ts"
import type { SimulatedNode } from "../machine/simulated-node.ts"
import type { World } from "../world.ts"

/** A request that was sent, and what its answer is held against. */
export interface Sent extends Request {
  /** The node it was sent to. */
  readonly entry: number
  readonly sentAtMs: number
  /** By process, the latest id that a client had got by then. The ids of the answer are above it. */
  readonly floors: ReadonlyMap<Life, number>
}

/** The node that was asked for ids has none to give now. */
const REFUSALS: readonly number[] = [Status.CLOCK_BEHIND, Status.NOT_READY, Status.OVERLOADED]
/** The node could not be asked for ids, or did not answer. */
const LOST: readonly number[] = [Status.NODE_DOWN, Status.TIMEOUT, Status.OVERLOADED]

/** What a node that is full tells a client that it does not serve, milliseconds. */
const REFUSED_FOR_MS = 1_000
/** Nobody waits or is told to wait for longer, milliseconds. */
const DETAIL_MAX = 86_400_000

/** Holds every answer that a client gets against its request. */
export class AnswerOracle {
  ids = 0
  /** How many answers there were of each status. */
  readonly statuses: number[] = STATUSES.map(() => 0)
  readonly #world: World
  readonly #epochMs: number
  readonly #nodes: ReadonlyMap<number, SimulatedNode>
  readonly #ledger: ForwardLedger
  /** By process, the latest id that a client has got. */
  #floors = new Map<Life, number>()
  /** A request that was sent keeps `#floors`: it has to be copied before it is changed. */
  #isHeld = false

  constructor(
    world: World,
    epochMs: number,
    nodes: ReadonlyMap<number, SimulatedNode>,
    ledger: ForwardLedger,
  ) {
    this.#world = world
    this.#epochMs = epochMs
    this.#nodes = nodes
    this.#ledger = ledger
  }

  /** To be called before the first byte of the request leaves. */
  sent(request: Request, entry: number): Sent {
    const { op, flags, count, target, fault } = request
    if (fault === NO_FAULT && (flags & FLAG_FORWARDED) === 0) {
      if (op === Op.NODE && target !== entry) this.#ledger.asked(entry, target, count)
      if (op === Op.RANDOM || op === Op.KEY) this.#ledger.asked(entry, ANY_NODE, count)
    }
    this.#isHeld = true
    return { ...request, entry, sentAtMs: this.#world.nowMs, floors: this.#floors }
  }

  /** @returns the node whose ids were given, or undefined when none were */
  answered(sent: Sent, status: number, high: number, low: number): number | undefined {
    const { trace } = this.#world
    this.statuses[status]! += 1
    trace.mix(status)
    trace.mix(low)
    if (trace.isOn) {
      const text = `${name(sent)} is answered ${STATUSES[status]?.name} ${halvesToNumber(high, low)}`
      trace.line(this.#world.nowMs, text)
    }
    const isIds = sent.op < Op.PING && status === Status.OK && sent.fault === NO_FAULT
    if (isIds) return this.#gotIds(sent, idBlock(high, low, sent.count))
    const isRight = this.#isRight(sent, status, high, low)
    if (!isRight)
      this.#breaks(sent, `answered ${STATUSES[status]?.name} ${halvesToNumber(high, low)}`)
    return undefined
  }

  /**
   * A client that found the node full was answered OVERLOADED.
   * @returns false when it was served all the same, and the answer is one as any other
   */
  refused(sent: Sent, high: number, low: number): boolean {
    const { trace } = this.#world
    if (high !== 0 || low !== REFUSED_FOR_MS) return false
    this.statuses[Status.OVERLOADED]! += 1
    trace.mix(Status.OVERLOADED)
    if (trace.isOn) trace.line(this.#world.nowMs, `${name(sent)} is refused`)
    return true
  }

  #gotIds(sent: Sent, block: IdBlock): number {
    const { op, entry, target, flags, floors } = sent
    const isForwarded = (flags & FLAG_FORWARDED) !== 0
    const isLocal = op === Op.LOCAL || (isForwarded && op !== Op.NODE)
    const wanted = isLocal ? entry : op === Op.NODE ? target : block.node
    const node = this.#nodes.get(block.node)
    if (node === undefined || block.node !== wanted) {
      return this.#breaks(sent, `answered with ids of node ${block.node}`)
    }
    if (isForwarded && block.node !== entry) this.#breaks(sent, "forwarded all the same")
    const life = node.claims.claimed(block)
    if (sent.sentAtMs > life.endedAtMs) this.#breaks(sent, "answered by a process that had ended")
    const first = ordinal(block)
    const last = first + block.count - 1
    if (first <= (floors.get(life) ?? -Infinity)) {
      this.#breaks(sent, `answered with ids below earlier ones: ${blockName(block)}`)
    }
    if (last > (this.#floors.get(life) ?? -Infinity)) {
      if (this.#isHeld) this.#copyFloors()
      this.#floors.set(life, last)
    }
    this.ids += block.count
    return block.node
  }

  /** Those of processes that have ended are of no use to requests that are yet to be sent. */
  #copyFloors(): void {
    const living = [...this.#floors].filter(([life]) => life.endedAtMs === Infinity)
    this.#floors = new Map(living)
    this.#isHeld = false
  }

  /** Whether an answer that has no ids may be the one to this request. */
  #isRight(sent: Sent, status: number, high: number, low: number): boolean {
    const { op, fault, flags, target, entry } = sent
    const value = halvesToNumber(high, low)
    if (status === Status.NOT_READY && value === 0 && this.#mayBeLeaving(sent)) return true
    if (fault !== NO_FAULT) return status === Status.BAD_REQUEST && value === fault
    if (op === Op.PING) return status === Status.OK && pingNode(high) === entry
    if (op === Op.EPOCH) return status === Status.OK && value === this.#epochMs
    if (op === Op.CLOCK) return status === Status.OK
    if (op === Op.NODE && target !== entry) {
      if ((flags & FLAG_FORWARDED) !== 0) return status === Status.WRONG_NODE && value === entry
      if (status === Status.UNKNOWN_NODE) return value === target && this.#mayBeUnknown(sent)
      if (!this.#nodes.has(target)) return false
      if (status === Status.NODE_DOWN) return value === target
      if (LOST.includes(status)) return value <= DETAIL_MAX
    }
    if (status === Status.CLOCK_BEHIND) return value > 0
    if (status === Status.OVERLOADED) return value > 0 && this.#mayBeOverloaded(sent)
    return REFUSALS.includes(status)
  }

  /** A node refuses whoever has waited for its ids for too long, and nobody sooner. */
  #mayBeOverloaded({ sentAtMs }: Sent): boolean {
    // The clock of a node is fast by a thousandth at the most.
    return (this.#world.nowMs - sentAtMs) * 1.001 >= WAIT_TIMEOUT_MS
  }

  /** A node that stops refuses whatever comes. */
  #mayBeLeaving({ entry, sentAtMs }: Sent): boolean {
    return sentAtMs <= this.#nodes.get(entry)!.stopsUntilMs
  }

  #mayBeUnknown({ entry, target, sentAtMs }: Sent): boolean {
    const node = this.#nodes.get(entry)!
    // A process that was overtaken keeps the list it had.
    return node.wasOvertaken || !node.listing.hasHad(target, sentAtMs)
  }

  #breaks(sent: Sent, what: string): never {
    return this.#world.breaks(`${name(sent)} was ${what}`)
  }
}

function name({ op, flags, count, target, entry }: Sent): string {
  return `request to node ${entry} (op ${op} flags ${flags} count ${count} target ${target})`
}
