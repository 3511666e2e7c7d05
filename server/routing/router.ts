import {
  FLAG_FORWARDED,
  NODE_ID_MAX,
  NO_FAULT,
  Op,
  STATUSES,
  Status,
  requestFault,
} from "../../protocol/index.ts"
import { Resumed } from "../generator/pacer.ts"
import type { Pacer } from "../generator/pacer.ts"
import type { FlushScheduler } from "../flush-scheduler.ts"
import type { Environment } from "../environment.ts"
import { Flight } from "./forwarded-request.ts"
import type { FlightOrigin, FlightPlan } from "./forwarded-request.ts"
import { Hand } from "./random-picker.ts"
import type { LocalNode } from "./local-node.ts"
import type { PeerDirectory } from "./peer-directory.ts"
import { rendezvousOwner } from "./rendezvous.ts"

/** What came of routing a request. */
export const Routed = {
  /** The answer stands in the local node. */
  ANSWERED: 0,
  /** It has to wait for the generator and be routed again. */
  WAIT: 1,
  /** Another node was asked: the answer comes to `router.flight`. */
  IN_FLIGHT: 2,
} as const
export type Routed = (typeof Routed)[keyof typeof Routed]

/** A node that can be replaced by another gets this share of the time that is left. */
const ATTEMPT_SHARE = 0.5
/** With less than this left no other node is asked: the local one answers. */
const ATTEMPT_MIN_MS = 10

/** What OVERLOADED advises: by then a link that still moves has answered some of what it holds. */
const RETRY_AFTER_MS = 10

/** How many flights are kept for the next requests. */
const SPARE_MAX = 4_096

const NODE_SHIFT = 12

/**
 * Decides who answers a request, and sees to it that somebody does: RANDOM and KEY move on to the
 * next node when one fails, the local node last, all within one deadline. What a peer forwarded is
 * answered here and never forwarded again.
 */
export class Router implements FlightPlan {
  readonly local: LocalNode
  readonly #peers: PeerDirectory
  readonly #pacer: Pacer
  readonly #environment: Environment
  readonly #timeoutMs: number

  readonly #hand: Hand
  readonly #spare: Flight[] = []

  /** The monotonic clock, read when the first request since `begin` needs it. */
  #nowMs: number | undefined

  /** After IN_FLIGHT: the request that was sent on. */
  flight!: Flight

  constructor(
    local: LocalNode,
    peers: PeerDirectory,
    pacer: Pacer,
    environment: Environment,
    timeoutMs: number,
    flushScheduler: FlushScheduler,
  ) {
    this.#hand = new Hand(() => environment.random(), flushScheduler)
    this.local = local
    this.#peers = peers
    this.#pacer = pacer
    this.#environment = environment
    this.#timeoutMs = timeoutMs
  }

  /** Reads the clock for the requests that follow. */
  begin(): void {
    this.local.begin()
    this.#nowMs = undefined
  }

  /**
   * @param origin hears of the answer when it is `IN_FLIGHT`, never before this returns
   */
  route(op: number, flags: number, count: number, target: number, origin: FlightOrigin): Routed {
    const { local } = this
    const nodeId = this.#firstChoice(op, flags, count, target)
    const isLocal = nodeId === local.nodeId
    if (isLocal) {
      if (!local.answer(op, flags, count, target)) return Routed.WAIT
      if (!this.#mayMoveOn(op, flags, local.status)) return Routed.ANSWERED
    }
    const now = (this.#nowMs ??= this.#environment.monotonicMs())
    const flight = this.#spare.pop() ?? new Flight(this)
    flight.start(origin, op, count, target, now + this.#timeoutMs)
    const status = isLocal ? (local.status as Status) : this.#ask(flight, nodeId, now)
    if (status === Status.OK || (op !== Op.NODE && this.#askNext(flight, now))) {
      this.flight = flight
      return Routed.IN_FLIGHT
    }
    this.release(flight)
    if (op === Op.NODE) {
      local.refuse(status, status === Status.NODE_DOWN ? target : RETRY_AFTER_MS)
      return Routed.ANSWERED
    }
    return local.answer(Op.LOCAL, 0, count, 0) ? Routed.ANSWERED : Routed.WAIT
  }

  /**
   * Takes back a flight whose answer has been used. Nobody else holds it then: a link lets go of it
   * before the flight hears anything, and nothing is told to a flight that is done.
   */
  release(flight: Flight): void {
    if (this.#spare.length < SPARE_MAX) this.#spare.push(flight)
  }

  attemptEnded(flight: Flight, status: number, high: number, low: number): void {
    const nodeId = flight.askedNodeId
    if (status === Status.OK) {
      if (((low >>> NODE_SHIFT) & NODE_ID_MAX) === nodeId) {
        flight.settle(status, high, low)
        return
      }
      this.#peers.distrust(nodeId, "it answered with an id that is not its own")
    } else if (status === Status.WRONG_NODE) {
      this.#peers.distrust(nodeId, `it is node ${low}`)
    }
    if (flight.op === Op.NODE) this.#settleStrictly(flight, status, high, low)
    else if (!this.#askNext(flight, this.#environment.monotonicMs())) this.#answerHere(flight)
  }

  /** The node to ask first; this one when the request is no business of another. */
  #firstChoice(op: number, flags: number, count: number, target: number): number {
    const here = this.local.nodeId
    if ((flags & FLAG_FORWARDED) !== 0 || requestFault(op, flags, count, target) !== NO_FAULT) {
      return here
    }
    const { live } = this.#peers
    switch (op) {
      case Op.NODE:
        return this.#peers.knows(target) ? target : here
      case Op.RANDOM:
        return this.#hand.draw(live)
      case Op.KEY:
        return rendezvousOwner(target, live)
      default:
        return here
    }
  }

  /** Whether another node is to be asked after this one has answered so itself. */
  #mayMoveOn(op: number, flags: number, status: number): boolean {
    if (status === Status.OK || (op !== Op.RANDOM && op !== Op.KEY)) return false
    return (flags & FLAG_FORWARDED) === 0 && STATUSES[status]?.retryable === true
  }

  /** @returns Status.OK when the node was asked */
  #ask(flight: Flight, nodeId: number, now: number): Status {
    const leftMs = flight.deadlineMs - now
    const attemptMs = flight.op === Op.NODE ? leftMs : leftMs * ATTEMPT_SHARE
    flight.askedNodeId = nodeId
    return this.#peers.ask(nodeId, flight, now, now + attemptMs)
  }

  /** Asks the next node that was not asked yet. @returns false when the local one has to answer */
  #askNext(flight: Flight, now: number): boolean {
    const failed = (flight.failed ??= [this.local.nodeId])
    failed.push(flight.askedNodeId)
    while (flight.deadlineMs - now >= ATTEMPT_MIN_MS) {
      const candidates = this.#peers.live.filter((nodeId) => !failed.includes(nodeId))
      if (candidates.length === 0) return false
      const nodeId =
        flight.op === Op.KEY
          ? rendezvousOwner(flight.target, candidates)
          : candidates[Math.floor(this.#environment.random() * candidates.length)]!
      if (this.#ask(flight, nodeId, now) === Status.OK) return true
      failed.push(nodeId)
    }
    return false
  }

  #settleStrictly(flight: Flight, status: number, high: number, low: number): void {
    if (status === Status.OK || status === Status.NODE_DOWN) {
      flight.settle(Status.NODE_DOWN, 0, flight.target)
    } else flight.settle(status, high, low)
  }

  /** The last resort of RANDOM and KEY, which is this node. */
  #answerHere(flight: Flight): void {
    const { local } = this
    local.begin()
    if (local.answer(Op.LOCAL, 0, flight.count, 0)) {
      flight.settle(local.status, local.high, local.low)
      return
    }
    const resume = (): Resumed => {
      local.begin()
      if (!local.answer(Op.LOCAL, 0, flight.count, 0)) return Resumed.NONE
      flight.settle(local.status, local.high, local.low)
      return Resumed.DONE
    }
    this.#pacer.wait({ resume })
  }
}
