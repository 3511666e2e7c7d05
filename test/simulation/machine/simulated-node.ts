import type { Logger } from "pino"
import { FirnNode } from "../../../server/node.ts"
import type { PeerEntry } from "../../../server/peers/peer-set.ts"
import type { Address } from "../../../server/net/address.ts"
import { DEFAULT_LIMITS } from "../../support/connection-limits.ts"
import { blockName } from "../../support/id-block.ts"
import type { IdBlock } from "../../support/id-block.ts"
import { IssueOracle } from "../../support/issue-oracle.ts"
import type { IssueSite } from "../../support/issue-oracle.ts"
import { Clock } from "./clock.ts"
import { Disk, DiskError } from "./disk.ts"
import type { ForwardLedger } from "../checks/forward-ledger.ts"
import type { Network } from "../network/network.ts"
import { Liar } from "./liar.ts"
import { Process } from "./process.ts"
import { WAIT_TIMEOUT_MS } from "../settings.ts"
import type { Settings } from "../settings.ts"
import { Kind } from "../world.ts"
import type { World } from "../world.ts"

/** What all nodes of a run share. */
export interface NodeParts {
  readonly world: World
  readonly network: Network
  readonly ledger: ForwardLedger
  readonly settings: Settings
  readonly epochMs: number
  readonly log: Logger
  /** All of them. */
  readonly nodes: () => Iterable<SimulatedNode>
}

/** A node's clock and what another one knows of it may differ by this. */
const WITNESS_SLACK_MS = 100

/** A process that ended is started again after at least this. */
const RESTART_MIN_MS = 20
/** So many clients are told that they are too many; the others are closed at once. */
const REFUSED_MAX = 5

export const NodeState = {
  DOWN: "down",
  STARTING: "starting",
  UP: "up",
  STOPPING: "stopping",
} as const
export type NodeState = (typeof NodeState)[keyof typeof NodeState]

/** The machine of a node: its disk, its clocks, and the process that runs the real server on them. */
export class SimulatedNode implements IssueSite {
  readonly nodeId: number
  readonly address: Address
  readonly disk: Disk
  readonly clock: Clock
  readonly issued: IssueOracle
  state: NodeState = NodeState.DOWN
  process: Process | undefined
  /** The nodes it is told of at first. `relist` may leave some out for a while. */
  readonly fullList: readonly PeerEntry[]
  readonly #parts: NodeParts
  #list: readonly PeerEntry[]
  /** Until when a node was missing from the list. Infinity: it is missing now. */
  readonly #missingUntilMs = new Map<number, number>()
  #node: FirnNode | undefined

  constructor(parts: NodeParts, { nodeId, address }: PeerEntry, list: readonly PeerEntry[]) {
    const { world, settings, epochMs } = parts
    this.#parts = parts
    this.nodeId = nodeId
    this.address = address
    this.fullList = this.#list = list
    this.clock = new Clock(world, settings.startMs, world.random.between(0.999, 1.001))
    this.disk = new Disk(world, nodeId, epochMs, (mark, isLast) =>
      this.issued.markAsked(mark, isLast),
    )
    this.issued = new IssueOracle(this, settings, (promise) => world.breaks(promise))
  }

  get wall(): number {
    return this.clock.wallMs - this.#parts.epochMs
  }

  get monotonicMs(): number {
    return this.clock.monotonicMs
  }

  get isStarting(): boolean {
    return this.state === NodeState.STARTING
  }

  isWitnessed(time: number): boolean {
    const { epochMs, nodes } = this.#parts
    const wallMs = time + epochMs - WITNESS_SLACK_MS
    return [...nodes()].some((node) => node !== this && node.clock.latestMs >= wallMs)
  }

  get durableMark(): number {
    return this.disk.durableMark
  }

  get knownMark(): number {
    return this.disk.knownMark
  }

  /** Its generator gave out this block. */
  gaveOut(block: IdBlock): void {
    const { trace, nowMs } = this.#parts.world
    trace.mix(block.node)
    trace.mix(block.time)
    trace.mix(block.sequence)
    if (trace.isOn) trace.line(nowMs, `node ${this.nodeId} gives out ${blockName(block)}`)
    this.issued.issued(block)
  }

  start(): void {
    if (this.state !== NodeState.DOWN) return
    const { world, network, ledger, settings, log } = this.#parts
    const { nodeId, clock, disk, issued } = this
    network.road.setPower(nodeId, true)
    issued.started(disk.durableMark)
    const process = new Process(world, nodeId, clock, () => issued.wallRead())
    this.process = process
    this.#enter(NodeState.STARTING)
    const dial = network.dialFor(nodeId, process, (end, to) => {
      const watch = ledger.watch(nodeId, to)
      const liar = new Liar(world.random, () => network.madUntilMs(to) > world.nowMs)
      end.onWrite = (bytes, offset, length) => {
        watch(bytes, offset, length)
        liar.asked(bytes, offset, length)
      }
      end.onRead = (chunk) => liar.read(chunk)
    })
    const list = this.#list
    this.#noteListed(list)
    const starting = FirnNode.start({
      tcp: this.address,
      http: undefined,
      maxClockLeadMs: settings.maxClockLeadMs,
      waitTimeoutMs: WAIT_TIMEOUT_MS,
      maxClockLagMs: settings.maxClockLagMs,
      peers: list,
      linksPerPeer: settings.linksPerPeer,
      forwardTimeoutMs: settings.forwardTimeoutMs,
      limits: {
        ...DEFAULT_LIMITS,
        maxConnections: settings.maxConnections,
        maxPeerConnections: 2 * list.length * settings.linksPerPeer,
        maxRefused: REFUSED_MAX,
      },
      store: disk.open(process),
      environment: process,
      listen: network.listenFor(nodeId, process, settings.maxConnections),
      dial,
      log: log.child({ node: nodeId }),
    })
    void this.#whenDone(starting, (node) => {
      this.#node = node
      this.#enter(NodeState.UP)
      // The list may have been changed meanwhile.
      if (this.#list !== list) this.#readList()
    })
  }

  /** Ends the process at this moment. `withPower`: its machine goes off too, and nobody is told. */
  kill(withPower = false): void {
    const { process } = this
    if (process === undefined) return
    const { network } = this.#parts
    process.end()
    this.disk.release()
    network.silence(this.address)
    for (const stream of network.streams) {
      for (const end of stream.ends) {
        if (end.party.gate !== process) continue
        stream.mishap ??= "its node has ended"
        if (withPower) end.vanish()
        else end.abandon()
      }
    }
    if (withPower) network.road.setPower(this.nodeId, false)
    this.process = this.#node = undefined
    this.#enter(NodeState.DOWN)
  }

  /** Stops the node in order, as on SIGTERM, and starts it again. */
  stop(): void {
    const { process } = this
    const node = this.#node
    if (this.state !== NodeState.UP || node === undefined || process === undefined) return
    this.#enter(NodeState.STOPPING)
    process.enter(() => {
      for (const stream of this.#parts.network.streams) {
        if (stream.listener.party.gate === process) stream.mishap ??= "its node stops"
      }
      void this.#whenDone(node.stop(), () => this.#exit())
    })
  }

  /** Tells it of these nodes only, now and when it starts anew. */
  relist(list: readonly PeerEntry[]): void {
    this.#list = list
    for (const entry of this.fullList) {
      if (!list.includes(entry)) this.#missingUntilMs.set(entry.nodeId, Infinity)
    }
    if (this.#node !== undefined) this.process?.enter(() => this.#readList())
  }

  #readList(): void {
    this.#noteListed(this.#list)
    this.#node?.setPeers(this.#list)
  }

  #noteListed(list: readonly PeerEntry[]): void {
    for (const { nodeId } of list) {
      if (this.#missingUntilMs.get(nodeId) !== Infinity) continue
      this.#missingUntilMs.set(nodeId, this.#parts.world.nowMs)
    }
  }

  /** Whether a node has been on the list all the time since a moment. */
  hasListed(nodeId: number, sinceMs: number): boolean {
    const isKnown = this.fullList.some((entry) => entry.nodeId === nodeId)
    return isKnown && (this.#missingUntilMs.get(nodeId) ?? -Infinity) < sinceMs
  }

  /** Starts it again after a while, unless it runs by then. */
  startAfter(delayMs: number): void {
    this.#parts.world.after(delayMs, Kind.LIFE, this.nodeId, () => this.start())
  }

  /** A start or a stop may fail, but only because of its disk. */
  async #whenDone<T>(work: Promise<T>, then: (result: T) => void): Promise<void> {
    try {
      then(await work)
    } catch (error) {
      if (error instanceof DiskError) this.#exit()
      else this.#parts.world.note(error)
    }
  }

  #exit(): void {
    this.kill()
    this.startAfter(this.#parts.world.random.spread(RESTART_MIN_MS, 1_000))
  }

  #enter(state: NodeState): void {
    const { world } = this.#parts
    this.state = state
    if (world.trace.isOn) world.trace.line(world.nowMs, `node ${this.nodeId} is ${state}`)
  }
}
