import {
  FLAG_FORWARDED,
  NO_FAULT,
  Op,
  STATUSES,
  Status,
  requestFault,
} from "../../protocol/index.ts"
import type { Environment } from "../environment.ts"
import { Outcome } from "../exchange.ts"
import type { Asker, Exchange } from "../exchange.ts"
import type { FlushScheduler } from "../flush-scheduler.ts"
import type { FairQueue } from "../generator/fair-queue.ts"
import { ForwardCounts } from "./forward-counts.ts"
import { ForwardedRequest } from "./forwarded-request.ts"
import type { ForwardingParts } from "./forwarded-request.ts"
import type { LocalNode } from "./local-node.ts"
import type { PeerDirectory } from "./peer-directory.ts"
import { RandomPicker } from "./random-picker.ts"
import { rendezvousOwner } from "./rendezvous.ts"

/** What OVERLOADED advises: by then a link that still moves has answered some of what it holds. */
const RETRY_AFTER_MS = 10

/**
 * Decides who answers a request: this node, or another one that is asked for it. What a peer
 * forwarded is answered here and never forwarded again.
 */
export class Router {
  readonly local: LocalNode
  readonly forwardCounts: ForwardCounts = new ForwardCounts()
  readonly #forwarding: ForwardingParts
  readonly #timeoutMs: number
  readonly #randomPicker: RandomPicker

  /** The monotonic clock, read when the first request since `begin` needs it. */
  #nowMs: number | undefined

  /** @param timeoutMs how long a request may take in all that other nodes are asked for */
  constructor(
    local: LocalNode,
    peers: PeerDirectory,
    fairQueue: FairQueue,
    environment: Environment,
    timeoutMs: number,
    flushScheduler: FlushScheduler,
  ) {
    this.local = local
    const counts = this.forwardCounts
    this.#forwarding = { local, peers, fairQueue, environment, counts, spare: [] }
    this.#timeoutMs = timeoutMs
    this.#randomPicker = new RandomPicker(() => environment.random(), flushScheduler)
  }

  /** Reads the clock for the requests that follow. */
  begin(): void {
    this.local.begin()
    this.#nowMs = undefined
  }

  /**
   * @param asker hears of the answer when it is `Outcome.FORWARDED`, never before this returns; the
   * exchange must stay as it is until then
   * @returns the status of the answer, which is in `exchange`; or what it waits for
   */
  route(exchange: Exchange, asker: Asker): Outcome {
    const { local } = this
    const nodeId = this.#firstChoice(exchange)
    if (nodeId !== local.nodeId) return this.#forward(exchange, asker, nodeId)
    const outcome = local.answer(exchange)
    return this.#mayMoveOn(exchange, outcome) ? this.#forward(exchange, asker, nodeId) : outcome
  }

  /** Whether this node is the one to ask for ids of a key. */
  ownsKey(hash: number): boolean {
    return rendezvousOwner(hash, this.#forwarding.peers.live) === this.local.nodeId
  }

  /** The node to ask first; this one when the request is no business of another. */
  #firstChoice({ op, flags, count, target }: Exchange): number {
    const here = this.local.nodeId
    if ((flags & FLAG_FORWARDED) !== 0 || requestFault(op, flags, count, target) !== NO_FAULT) {
      return here
    }
    const { peers } = this.#forwarding
    switch (op) {
      case Op.NODE:
        return peers.knows(target) ? target : here
      case Op.RANDOM:
        return this.#randomPicker.pick(peers.live)
      case Op.KEY:
        return rendezvousOwner(target, peers.live)
      default:
        return here
    }
  }

  /** Whether another node is to be asked after this one has answered so itself. */
  #mayMoveOn({ op, flags }: Exchange, outcome: Outcome): boolean {
    if (outcome <= Status.OK || (op !== Op.RANDOM && op !== Op.KEY)) return false
    return (flags & FLAG_FORWARDED) === 0 && STATUSES[outcome]!.retryable
  }

  /** @param nodeId the node to ask; this one when it has refused already */
  #forward(exchange: Exchange, asker: Asker, nodeId: number): Outcome {
    const { local, environment, spare } = this.#forwarding
    const { op, target } = exchange
    const nowMs = (this.#nowMs ??= environment.monotonicMs())
    const request = spare.pop() ?? new ForwardedRequest(this.#forwarding)
    request.start(exchange, asker, nowMs + this.#timeoutMs)
    const status = nodeId === local.nodeId ? exchange.status : request.ask(nodeId, nowMs)
    if (status === Status.OK || (op !== Op.NODE && request.askNext(nowMs))) {
      exchange.isPending = true
      return Outcome.FORWARDED
    }
    request.release()
    if (op !== Op.NODE) return local.take(exchange)
    return exchange.refuse(status, status === Status.NODE_DOWN ? target : RETRY_AFTER_MS)
  }
}
