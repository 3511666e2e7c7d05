import { DEFAULT_EPOCH_MS } from "../../protocol/index.ts"
import type { Status } from "../../protocol/index.ts"
import type { PeerContext } from "../../server/peers/context.ts"
import type { Finding } from "../../server/peers/link-check.ts"
import { Histogram } from "../../server/metrics/histogram.ts"
import { PeerSet } from "../../server/peers/peer-set.ts"
import type { PeerEntry } from "../../server/peers/peer-set.ts"
import type { Peer } from "../../server/peers/peer.ts"
import { Exchange, Outcome } from "../../server/exchange.ts"
import type { Asker } from "../../server/exchange.ts"
import { Router } from "../../server/routing/router.ts"
import { parseAddress } from "../../server/net/address.ts"
import type { Answer } from "./tcp-client.ts"
import { FakeServer } from "./fake-client.ts"
import { FakePeer, peerAddress } from "./fake-peer.ts"
import { NODE_ID, VirtualNode } from "./virtual-node.ts"
import { VirtualNetwork } from "./virtual-network.ts"
import type { VirtualEnvironment } from "./virtual-environment.ts"

export const TIMEOUT_MS = 1_000

export function entry(nodeId: number, address: string = peerAddress(nodeId)): PeerEntry {
  return { nodeId, address: parseAddress(address) }
}

/** An asker with one request. */
export class OneAsker implements Asker {
  /** What it asks, and where the answer is put. */
  readonly exchange: Exchange = new Exchange()
  /** Every answer it was told of, and when; there must be one. */
  readonly answers: (Answer & { readonly atMs: number })[] = []
  readonly #environment: VirtualEnvironment

  constructor(environment: VirtualEnvironment) {
    this.#environment = environment
  }

  /** The one answer; undefined when there is none yet. @throws Error when there are several */
  get answer(): Answer | undefined {
    if (this.answers.length > 1) throw new Error(`answered ${this.answers.length} times`)
    const [first] = this.answers
    return first && { status: first.status, value: first.value }
  }

  answered(): void {
    this.answers.push({ ...answerOf(this.exchange), atMs: this.#environment.monotonicMs() })
  }

  /** Asks a router. */
  route(router: Router, op: number, target = 0, count = 1, flags = 0): Outcome {
    Object.assign(this.exchange, { op, flags, count, target })
    router.begin()
    return router.route(this.exchange, this)
  }
}

/** What came of asking a router or a peer. */
export interface Asked {
  /** Hears of the answer when the request was sent. */
  readonly asker: OneAsker
  /** Status.OK, or why the request was not sent. */
  readonly status: number
}

/** A node in virtual time, whose peers are fakes on a virtual network. */
export class ClusterServer extends FakeServer {
  readonly environment: VirtualEnvironment
  readonly network: VirtualNetwork
  readonly context: PeerContext
  peerSet: PeerSet
  /** The fakes, by node id. */
  readonly fakes: ReadonlyMap<number, FakePeer>
  /** `node state reason`, one for each change that was told. */
  readonly changes: string[] = []
  readonly findings: { readonly nodeId: number; readonly finding: Finding }[] = []
  override readonly router: Router

  constructor(
    nodeIds: readonly number[] = [1, 2, 3],
    linksPerPeer = 1,
    node: VirtualNode = new VirtualNode(),
  ) {
    super(node)
    const { environment } = node
    this.environment = environment
    this.network = new VirtualNetwork(environment)
    this.context = {
      nodeId: NODE_ID,
      epochMs: DEFAULT_EPOCH_MS,
      startNumber: this.local.startNumber,
      environment,
      flushScheduler: this.flushScheduler,
      dial: this.network.dial,
      linksPerPeer,
      timeoutMs: TIMEOUT_MS,
      answerSeconds: new Histogram([]),
    }
    this.peerSet = new PeerSet(this.context, {
      changed: (peer) => this.changes.push(changeText(peer)),
      checked: ({ nodeId }, finding) => this.findings.push({ nodeId, finding }),
    })
    this.fakes = new Map(nodeIds.map((id) => [id, new FakePeer(this.network, id).listen()]))
    this.peerSet.setList([...nodeIds.map((id) => entry(id)), entry(NODE_ID)])
    this.router = new Router(
      this.local,
      this.peerSet,
      this.fairQueue,
      environment,
      TIMEOUT_MS,
      this.flushScheduler,
    )
  }

  fake(nodeId: number): FakePeer {
    return this.fakes.get(nodeId)!
  }

  peer(nodeId: number): Peer {
    return this.peerSet.peers.find((peer) => peer.nodeId === nodeId)!
  }

  /** Asks a peer without the router: whatever the peer answers is final. */
  ask(nodeId: number, timeoutMs: number = TIMEOUT_MS): Asked {
    const asker = new OneAsker(this.environment)
    const answer = (status: Status, high: number, low: number): void => {
      Object.assign(asker.exchange, { status, high, low })
      asker.answered()
    }
    const request = {
      wanted: 1,
      answered: answer,
      lost: (status: Status, detail: number) => answer(status, 0, detail),
    }
    const now = this.environment.monotonicMs()
    return { asker, status: this.peerSet.ask(nodeId, request, now, now + timeoutMs) }
  }

  /** Routes a request; one that was answered at once is told to the asker as well. */
  route(op: number, target = 0, count = 1, flags = 0): OneAsker {
    const asker = new OneAsker(this.environment)
    const outcome = asker.route(this.router, op, target, count, flags)
    if (outcome === Outcome.WAIT) throw new Error("there are no ids now")
    if (outcome !== Outcome.FORWARDED) asker.answered()
    return asker
  }

  /** Asks these peers, or all, so that the node knows them as up. */
  connect(...nodeIds: readonly number[]): void {
    for (const nodeId of nodeIds.length > 0 ? nodeIds : this.fakes.keys()) this.ask(nodeId)
    this.environment.advance(10)
    for (const fake of this.fakes.values()) fake.asked.length = 0
  }
}

function answerOf({ status, high, low }: { status: number; high: number; low: number }): Answer {
  return { status, value: (BigInt(high) << 32n) | BigInt(low) }
}

function changeText({ nodeId, state, reason }: Peer): string {
  return `${nodeId} ${state} ${reason}`.trim()
}
