import type { Logger } from "pino"
import { Status } from "../protocol/index.ts"
import { ClockWatch } from "./clock-watch.ts"
import { Drain } from "./drain.ts"
import { storeFirstMark } from "./generator/first-mark.ts"
import { storeLastMark } from "./generator/last-mark.ts"
import type { Generator } from "./generator/generator.ts"
import { FairQueue } from "./generator/fair-queue.ts"
import type { Reservation } from "./generator/reservation.ts"
import { Histogram } from "./metrics/histogram.ts"
import { familiesOf } from "./metrics/metric.ts"
import type { MetricFamily } from "./metrics/metric.ts"
import { ANSWER_BOUNDS } from "./peers/context.ts"
import { Membership } from "./peers/membership.ts"
import type { Dial } from "./net/dial.ts"
import type { PeerEntry } from "./peers/peer-set.ts"
import { FlushScheduler } from "./flush-scheduler.ts"
import { LiveView } from "./live-view.ts"
import { NodeIds } from "./node-ids.ts"
import { NODE_METRICS } from "./node-metrics.ts"
import type { NodeMetricSources } from "./node-metrics.ts"
import { statusOf } from "./node-status.ts"
import type { NodeStatus } from "./node-status.ts"
import { READY, readinessOf } from "./readiness.ts"
import type { Readiness } from "./readiness.ts"
import { LocalNode } from "./routing/local-node.ts"
import { Router } from "./routing/router.ts"
import type { Environment, Timer } from "./environment.ts"
import { StoreError } from "./storage/errors.ts"
import type { NodeStore } from "./storage/node-store.ts"
import type { ListenAddress } from "./net/address.ts"
import type { Listen } from "./net/listen.ts"
import { NodePorts } from "./node-ports.ts"
import type { NodeAddresses } from "./node-ports.ts"
import { ConnectionParts } from "./transport/connection-parts.ts"
import { ConnectionTable } from "./transport/connection-table.ts"
import type { ConnectionLimits } from "./transport/connection-table.ts"

/** How often an idle node looks at its clock and its mark. */
const TICK_MS = 250
/**
 * How long a node goes on that has lost its identity: not ready, so that balancers send clients
 * elsewhere, with ids up to its last mark for those that are still there.
 */
const LOST_GRACE_MS = 2_000

export interface NodeOptions extends NodeAddresses {
  readonly maxClockLeadMs: number
  /** How long a request may wait for ids before it is refused. */
  readonly waitTimeoutMs: number
  readonly maxClockLagMs: number
  /** All nodes of the cluster, with or without this one; none: this node is alone. */
  readonly peers: readonly PeerEntry[]
  readonly linksPerPeer: number
  /** How long a request may take in all that other nodes are asked for. */
  readonly forwardTimeoutMs: number
  readonly limits: ConnectionLimits
  /** When it is told to stop: how long it serves on, and how long all of it may take. */
  readonly drainDelayMs: number
  readonly drainTimeoutMs: number
  readonly store: NodeStore
  readonly environment: Environment
  readonly listen: Listen
  readonly dial: Dial
  /** Its certificate; undefined: it listens without TLS. */
  readonly certificate?: { readonly endsAtMs: number } | undefined
  /** Of the process that it runs in. */
  readonly processMetrics?: () => MetricFamily[]
  readonly log: Logger
}

/** One Firn node, built out of its parts: the composition root. */
export class FirnNode {
  readonly #log: Logger
  readonly #environment: Environment
  readonly #store: NodeStore
  readonly #reservation: Reservation
  readonly #generator: Generator
  readonly #membership: Membership
  readonly #clockWatch: ClockWatch
  readonly #ports: NodePorts
  readonly #local: LocalNode
  readonly #lost = Promise.withResolvers<string>()
  #lostGrace: Timer | undefined
  #tick: Timer | undefined
  #refusal: Status = Status.OK
  readonly #options: NodeOptions
  readonly #metricSources: NodeMetricSources
  readonly #liveView: LiveView
  #drain: Drain | undefined
  #stopped: Promise<void> | undefined
  private constructor(
    options: NodeOptions,
    ids: NodeIds,
    answerSeconds: Histogram,
    local: LocalNode,
    membership: Membership,
    clockWatch: ClockWatch,
    flushScheduler: FlushScheduler,
  ) {
    const { store, limits, environment, listen, log } = options
    this.#log = log
    this.#local = local
    this.#options = options
    this.#environment = environment
    this.#store = store
    this.#reservation = ids.reservation
    this.#generator = ids.generator
    this.#membership = membership
    this.#clockWatch = clockWatch
    const fairQueue = new FairQueue(environment, ids.generator, options.waitTimeoutMs)
    const router = new Router(
      local,
      membership.peers,
      fairQueue,
      environment,
      options.forwardTimeoutMs,
      flushScheduler,
    )
    const parts = new ConnectionParts(router, fairQueue, flushScheduler, environment)
    const table = new ConnectionTable({ limits, parts, environment, log })
    this.#metricSources = {
      identity: store.node,
      ids,
      fairQueue,
      membership,
      answerSeconds,
      forwardCounts: router.forwardCounts,
      requestCounts: parts.requestCounts,
      connectionCounts: table.counts,
      maxConnections: limits.maxConnections,
      certificate: options.certificate,
      readiness: () => this.#readiness(),
    }
    this.#liveView = new LiveView(this.#metricSources, () => this.#status(), environment)
    this.#ports = new NodePorts({
      addresses: options,
      node: {
        epochMs: local.epochMs,
        readiness: () => this.#readiness(),
        status: () => this.#status(),
        metrics: () => this.#metrics(),
        events: this.#liveView,
      },
      listen,
      table,
      environment,
      log,
    })
    this.#watch()
  }

  /**
   * Makes sure that no other process has this node's id, reserves the first ids, and starts to serve.
   * With a clock that most other nodes contradict it reserves none, and waits for a better one. What
   * fails once the mark is stored puts it back to where it was found, and closes the store.
   * @throws StoreError when the mark cannot be written, DuplicateError, or ListenError when an
   * address is taken
   */
  static async start(options: NodeOptions): Promise<FirnNode> {
    const { store, environment, log } = options
    const { nodeId, epochMs, mark } = store.node
    const ids = new NodeIds(options)
    const { reservation, clock, generator } = ids
    const local = new LocalNode(nodeId, epochMs, generator, () => environment.random())
    const flushScheduler = new FlushScheduler(environment)
    const { startNumber } = local
    const answerSeconds = new Histogram(ANSWER_BOUNDS)
    const membership = new Membership(
      options.peers,
      {
        nodeId,
        epochMs,
        startNumber,
        environment,
        flushScheduler,
        dial: options.dial,
        linksPerPeer: options.linksPerPeer,
        timeoutMs: options.forwardTimeoutMs,
        answerSeconds,
      },
      log,
    )
    const clockWatch = new ClockWatch(clock, membership, environment, log)
    try {
      await membership.refuseDuplicates()
      clockWatch.start()
      if (clock.isKnown) reservation.begin(await storeFirstMark(mark, epochMs, store, clock))
      return new FirnNode(
        options,
        ids,
        answerSeconds,
        local,
        membership,
        clockWatch,
        flushScheduler,
      )
    } catch (error) {
      membership.close()
      // A store that could not take the first mark could not take another one either.
      if (!(error instanceof StoreError)) await storeLastMark(store, reservation, generator)
      throw error
    }
  }

  /** Takes another list of nodes; what stays in it is not disturbed. */
  setPeers(entries: readonly PeerEntry[]): void {
    this.#membership.setList(entries)
  }

  get tcpAddress(): ListenAddress {
    return this.#ports.tcpAddress
  }

  get httpAddress(): ListenAddress | undefined {
    return this.#ports.httpAddress
  }

  /** Resolves when this node has lost its identity and is to be stopped, with who has it now. */
  get identityLost(): Promise<string> {
    return this.#lost.promise
  }

  /**
   * Is not ready any more and serves on for the drain delay, then answers what has been received,
   * stores the exact mark if it may, and lets go of the store. A second call shortens it.
   */
  stop(): Promise<void> {
    this.#drain?.hurry()
    return (this.#stopped ??= this.#leave())
  }

  async #leave(): Promise<void> {
    const { drainDelayMs, drainTimeoutMs } = this.#options
    const delayMs = this.#reservation.lost === undefined ? drainDelayMs : 0
    this.#drain = new Drain(this.#environment, delayMs, drainTimeoutMs)
    this.#local.isLeaving = true
    this.#ports.leave()
    this.#liveView.close()
    await this.#drain.delay()
    this.#log.debug({ event: "drain-delay-over" }, "new clients are not accepted any more")
    await this.#ports.stop(this.#drain)
    this.#log.debug({ event: "clients-gone" }, "all clients are gone")
    this.#tick?.cancel()
    this.#lostGrace?.cancel()
    this.#membership.close()
    await storeLastMark(this.#store, this.#reservation, this.#generator)
  }

  /** Keeps the mark ahead while nobody asks, logs when ids stop or come back, and ends a lost node. */
  #watch(): void {
    const refusal = this.#generator.refusal()
    this.#clockWatch.look()
    this.#liveView.look()
    if (refusal !== this.#refusal) {
      this.#refusal = refusal
      const readiness = this.#readiness()
      if (readiness === READY) this.#log.info({ event: "ready" }, "ids are given out again")
      else this.#log.error({ event: "not-ready", ...readiness }, readiness.reason)
    }
    const { lost } = this.#reservation
    if (lost !== undefined) {
      this.#lostGrace ??= this.#environment.after(LOST_GRACE_MS, () => this.#lost.resolve(lost))
    }
    this.#tick = this.#environment.after(TICK_MS, () => this.#watch())
  }

  #readiness(): Readiness {
    return readinessOf({
      isStopping: this.#drain !== undefined,
      reservation: this.#reservation,
      membership: this.#membership,
      generator: this.#generator,
      clockWatch: this.#clockWatch,
    })
  }

  /** Of this node, and of its process where there is one. */
  #metrics(): MetricFamily[] {
    const { processMetrics } = this.#options
    const own = familiesOf(NODE_METRICS, this.#metricSources)
    return processMetrics === undefined ? own : [...own, ...processMetrics()]
  }

  #status(): NodeStatus {
    return statusOf({
      ports: this.#ports,
      identity: this.#store.node,
      generator: this.#generator,
      membership: this.#membership,
      clockWatch: this.#clockWatch,
      readiness: this.#readiness(),
      certificate: this.#options.certificate,
    })
  }
}
