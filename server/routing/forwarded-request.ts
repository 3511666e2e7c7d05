import { Op, Status } from "../../protocol/index.ts"
import type { Environment } from "../environment.ts"
import { Outcome } from "../exchange.ts"
import type { Asker, Exchange } from "../exchange.ts"
import { Flow } from "../generator/flow.ts"
import type { FairQueue } from "../generator/fair-queue.ts"
import type { Waiter } from "../generator/flow.ts"
import type { ForwardCounts } from "./forward-counts.ts"
import type { LocalNode } from "./local-node.ts"
import type { IdRequest, PeerDirectory } from "./peer-directory.ts"
import { rendezvousOwner } from "./rendezvous.ts"

/** A node that can be replaced by another gets at most this share of the time that is left. */
const ATTEMPT_SHARE = 0.5
/** With less than this left no other node is asked: the local one answers. */
const ATTEMPT_MIN_MS = 10

/** What all forwarded requests of a node share. */
export interface ForwardingParts {
  readonly local: LocalNode
  readonly peers: PeerDirectory
  readonly fairQueue: FairQueue
  readonly environment: Environment
  readonly counts: ForwardCounts
  /** Those that have no request, for the next ones. */
  readonly spare: ForwardedRequest[]
}

/** How many are kept for the next requests. */
const SPARE_MAX = 16_384

/**
 * A request that other nodes are asked for, one after the other: RANDOM and KEY move on to the next
 * node when one fails, the local node last, all within one deadline. NODE asks its node alone.
 *
 * It hears of a node's answer at most once for each `ask`, and gives the asker one answer.
 */
export class ForwardedRequest implements IdRequest, Waiter {
  readonly #parts: ForwardingParts
  /** Made when it waits for ids of this node: most never do. */
  #flow: Flow | undefined
  #exchange: Exchange | undefined
  #asker: Asker | undefined
  /** Monotonic milliseconds. */
  #deadlineMs = 0
  /** The nodes that gave no id; made when there is a first. */
  #failed: number[] | undefined
  /** The node that is being asked. */
  #askedNodeId = -1
  /** How many ids it asks for. */
  wanted = 0

  constructor(parts: ForwardingParts) {
    this.#parts = parts
  }

  /** Takes on a request; it may have been another's before. */
  start(exchange: Exchange, asker: Asker, deadlineMs: number): void {
    this.#exchange = exchange
    this.#asker = asker
    this.#deadlineMs = deadlineMs
    this.wanted = exchange.count
    this.#failed = undefined
    this.#askedNodeId = this.#parts.local.nodeId
  }

  /** Lets go of its request and is there for another. */
  release(): void {
    this.#exchange = this.#asker = undefined
    this.#flow?.caughtUp()
    const { spare } = this.#parts
    if (spare.length < SPARE_MAX) spare.push(this)
  }

  /** Asks a node. @returns Status.OK, or why nothing was sent */
  ask(nodeId: number, nowMs: number): Status {
    const { peers, counts } = this.#parts
    const leftMs = this.#deadlineMs - nowMs
    const isStrict = this.#open().op === Op.NODE
    const attemptMs = isStrict ? leftMs : Math.min(leftMs * ATTEMPT_SHARE, peers.patienceMs(nodeId))
    this.#askedNodeId = nodeId
    const status = peers.ask(nodeId, this, nowMs, nowMs + attemptMs)
    if (status !== Status.OK) counts.add(nodeId, status)
    return status
  }

  /** Asks the next node that was not asked yet. @returns false when the local one has to answer */
  askNext(nowMs: number): boolean {
    const { local, peers, environment, counts } = this.#parts
    const { op, target } = this.#open()
    counts.failovers++
    const failed = (this.#failed ??= [local.nodeId])
    failed.push(this.#askedNodeId)
    while (this.#deadlineMs - nowMs >= ATTEMPT_MIN_MS) {
      const candidates = peers.live.filter((nodeId) => !failed.includes(nodeId))
      if (candidates.length === 0) return false
      const nodeId =
        op === Op.KEY
          ? rendezvousOwner(target, candidates)
          : candidates[Math.floor(environment.random() * candidates.length)]!
      if (this.ask(nodeId, nowMs) === Status.OK) return true
      failed.push(nodeId)
    }
    return false
  }

  /** The answer of the node that was asked, which has been found to be possible. */
  answered(status: Status, high: number, low: number): void {
    this.#parts.counts.add(this.#askedNodeId, status)
    if (status === Status.OK) {
      this.#settle(status, high, low)
      return
    }
    if (status === Status.WRONG_NODE) {
      this.#parts.peers.distrust(this.#askedNodeId, `it is node ${low}`)
    }
    this.#moveOn(status, high, low)
  }

  /** The node that was asked will not answer. */
  lost(status: Status, detail: number): void {
    this.#parts.counts.add(this.#askedNodeId, status)
    this.#moveOn(status, 0, detail)
  }

  /** The node that was asked gave no id. */
  #moveOn(status: Status, high: number, low: number): void {
    const { op, target } = this.#open()
    if (op !== Op.NODE) {
      if (!this.askNext(this.#parts.environment.monotonicMs())) this.resume()
    } else if (status === Status.NODE_DOWN) {
      this.#settle(Status.NODE_DOWN, 0, target)
    } else this.#settle(status, high, low)
  }

  /** The last resort of RANDOM and KEY: this node answers, once it has ids. */
  resume(): void {
    const { local, fairQueue } = this.#parts
    const exchange = this.#open()
    local.begin()
    if (local.generator.take(exchange.count, exchange) !== Outcome.WAIT) {
      this.#settle(exchange.status, exchange.high, exchange.low)
    } else if (!fairQueue.wait((this.#flow ??= new Flow(this)))) this.giveUp(fairQueue.retryAfterMs)
  }

  /** This node has had no ids for it for too long. */
  giveUp(retryAfterMs: number): void {
    this.#settle(Status.OVERLOADED, 0, retryAfterMs)
  }

  #settle(status: Status, high: number, low: number): void {
    const exchange = this.#open()
    const asker = this.#asker
    this.release()
    exchange.status = status
    exchange.high = high
    exchange.low = low
    exchange.isPending = false
    asker?.answered()
  }

  #open(): Exchange {
    if (this.#exchange === undefined) throw new Error("a request has one answer")
    return this.#exchange
  }
}
