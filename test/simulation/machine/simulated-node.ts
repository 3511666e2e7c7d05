import { FirnNode } from "../../../server/node.ts"
import type { PeerEntry } from "../../../server/peers/peer-set.ts"
import type { Address } from "../../../server/net/address.ts"
import { DEFAULT_LIMITS } from "../../support/connection-limits.ts"
import { blockName } from "../../support/id-block.ts"
import type { IdBlock } from "../../support/id-block.ts"
import { TIME_LIMIT } from "../../../server/generator/reservation.ts"
import { StoreError, StoreFault } from "../../../server/storage/errors.ts"
import { DuplicateError } from "../../../server/peers/membership.ts"
import { Claims } from "../checks/claims.ts"
import { Clock } from "./clock.ts"
import { Disk, DiskError } from "./disk.ts"
import { DiskStore } from "./disk-store.ts"
import { Life } from "./life.ts"
import { Listing } from "./listing.ts"
import { watchedDial } from "./watched-dial.ts"
import type { NodeParts } from "./node-parts.ts"
import type { Process } from "./process.ts"
import { DRAIN_TIMEOUT_MS, WAIT_TIMEOUT_MS } from "../settings.ts"
import { Kind } from "../world.ts"

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

/**
 * The machine of a node: its disk, its clocks, and the process that runs the real server on them.
 * While nothing keeps a second process from the disk, one that was taken for dead may live on.
 */
export class SimulatedNode {
  readonly nodeId: number
  readonly address: Address
  readonly disk: Disk
  readonly clock: Clock
  readonly claims: Claims<Life>
  state: NodeState = NodeState.DOWN
  /** Processes that were told to stop and have not ended. */
  readonly #leaving = new Set<Life>()
  #stoppedAtMs = -Infinity
  /** The time of the last id, over all its processes; -1 before there is any. */
  lastTime = -1
  /** Whether it has ever had two processes at a time. */
  wasOvertaken = false
  readonly listing: Listing
  readonly #parts: NodeParts
  #life: Life | undefined
  #lives = 0
  /** The processes that live on though another one was started in their place. */
  readonly #overtaken = new Set<Life>()
  /** Whose look at the clock was the last one: whoever gives out ids has just looked. */
  #lastReader: Life | undefined

  constructor(parts: NodeParts, { nodeId, address }: PeerEntry, list: readonly PeerEntry[]) {
    const { world, settings, epochMs } = parts
    this.#parts = parts
    this.nodeId = nodeId
    this.address = address
    this.listing = new Listing(world, list)
    this.clock = new Clock(world, settings.startMs, world.random.between(0.999, 1.001))
    this.disk = new Disk(world, nodeId, epochMs)
    this.claims = new Claims((promise) => world.breaks(promise))
  }

  get wall(): number {
    return this.clock.wallMs - this.#parts.epochMs
  }

  get durableMark(): number {
    return this.disk.durableMark
  }

  get process(): Process | undefined {
    return this.#life?.process
  }

  /** A generator of this node gave out this block. */
  gaveOut(block: IdBlock): void {
    const { trace, nowMs } = this.#parts.world
    const life = this.#lastReader!
    trace.mix(block.node)
    trace.mix(block.time)
    trace.mix(block.sequence)
    if (trace.isOn) {
      const who = life.isOvertaken ? " (overtaken)" : ""
      trace.line(nowMs, `node ${this.nodeId}${who} gives out ${blockName(block)}`)
    }
    life.issued.issued(block)
    this.lastTime = Math.max(this.lastTime, block.time)
    this.claims.given(block, life)
  }

  start(): void {
    if (this.state !== NodeState.DOWN) return
    const { world, network, settings, epochMs } = this.#parts
    const { nodeId, clock } = this
    network.road.setPower(nodeId, true)
    const life = new Life({
      world,
      nodeId,
      epochMs,
      limits: settings,
      clock,
      isWitnessed: (time) => this.#isWitnessed(time),
      wallRead: (reader) => (this.#lastReader = reader),
      number: this.#lives++,
      rivals: [...this.#overtaken].filter(({ node }) => node === undefined),
    })
    this.#life = life
    this.#enter(NodeState.STARTING)
    const list = this.listing.current
    this.listing.told(list)
    void this.#whenDone(life, this.#serve(life, list), (node) => {
      life.node = node
      void node.identityLost.then(() => life.process.enter(() => this.#stop(life)))
      if (life !== this.#life) return
      this.#enter(NodeState.UP)
      // The list may have been changed meanwhile.
      if (this.listing.current !== list) this.#readList()
    })
  }

  async #serve(life: Life, peers: readonly PeerEntry[]): Promise<FirnNode> {
    const { world, network, settings, log } = this.#parts
    const { nodeId, disk } = this
    const { process, issued } = life
    const store = await DiskStore.open(world, disk, process, (mark, isLast) =>
      issued.markAsked(mark, isLast),
    )
    life.store = store
    issued.started(store.node.mark)
    const listen = network.listenFor(nodeId, process, settings.maxConnections)
    return await FirnNode.start({
      tcp: this.address,
      http: undefined,
      maxClockLeadMs: settings.maxClockLeadMs,
      waitTimeoutMs: WAIT_TIMEOUT_MS,
      maxClockLagMs: settings.maxClockLagMs,
      peers,
      linksPerPeer: settings.linksPerPeer,
      forwardTimeoutMs: settings.forwardTimeoutMs,
      drainDelayMs: settings.drainDelayMs,
      drainTimeoutMs: DRAIN_TIMEOUT_MS,
      limits: {
        ...DEFAULT_LIMITS,
        maxConnections: settings.maxConnections,
        maxPeerConnections: 2 * peers.length * settings.linksPerPeer,
        maxRefused: REFUSED_MAX,
      },
      store,
      environment: process,
      // One that was overtaken as it started is where nobody finds it.
      listen: (address, events, hasReserve) =>
        life.isOvertaken ? { address, stop() {} } : listen(address, events, hasReserve),
      dial: watchedDial(this.#parts, nodeId, process),
      log: log.child({ node: nodeId }),
    })
  }

  #isWitnessed(time: number): boolean {
    const { epochMs, nodes } = this.#parts
    const wallMs = time + epochMs - WITNESS_SLACK_MS
    return [...nodes()].some((node) => node !== this && node.clock.latestMs >= wallMs)
  }

  /** Ends the process at this moment. `withPower`: its machine goes off too, and nobody is told. */
  kill(withPower = false): void {
    const life = this.#life
    if (life === undefined) return
    const { network } = this.#parts
    network.silence(this.address)
    this.#end(life, withPower)
    if (withPower) network.road.setPower(this.nodeId, false)
    this.#life = undefined
    this.#enter(NodeState.DOWN)
  }

  /** Stops the node in order, as on SIGTERM, and starts it again. */
  stop(): void {
    if (this.#life !== undefined && this.state === NodeState.UP) this.#stop(this.#life)
  }

  /**
   * Starts another process, as whoever takes this one for dead does, where no lock hinders it. Who
   * connects from now on gets to the new one. @returns the one that lives on
   */
  takeOver(): Process | undefined {
    const life = this.#life
    if (life === undefined || this.state === NodeState.STOPPING) return undefined
    life.isOvertaken = this.wasOvertaken = true
    this.#overtaken.add(life)
    this.#life = undefined
    this.#parts.network.silence(this.address)
    this.#enter(NodeState.DOWN)
    this.start()
    return life.process
  }

  /** Lets all that was overtaken go on, and ends what has not come far enough to serve anybody. */
  settleOvertaken(): void {
    for (const life of this.#overtaken) {
      life.process.goOn()
      if (life.node === undefined) this.#end(life)
    }
  }

  /** Whether a process is still there that was overtaken and has used up its mark. */
  get hasRelic(): boolean {
    return [...this.#overtaken].some(({ knownMark }) => knownMark < Math.min(this.wall, TIME_LIMIT))
  }

  /** When the last process ended that was told to stop; Infinity while one stops. */
  get stopsUntilMs(): number {
    return this.#leaving.size > 0 ? Infinity : this.#stoppedAtMs
  }

  #stop(life: Life): void {
    const { node, process } = life
    if (node === undefined) return
    if (life === this.#life) this.#enter(NodeState.STOPPING)
    this.#leaving.add(life)
    process.enter(() => {
      process.stopsSinceMs ??= this.#parts.world.nowMs
      void this.#whenDone(life, node.stop(), () => this.#exit(life))
    })
  }

  #end(life: Life, withPower = false): void {
    const { world, network } = this.#parts
    const { process } = life
    process.end()
    life.endedAtMs = world.nowMs
    life.store?.end()
    if (this.#leaving.delete(life)) this.#stoppedAtMs = world.nowMs
    this.#overtaken.delete(life)
    for (const stream of network.streams) {
      for (const end of stream.ends) {
        if (end.party.gate !== process) continue
        stream.mishap ??= "its node has ended"
        if (withPower) end.vanish()
        else end.abandon()
      }
    }
  }

  /** Tells it of these nodes only, now and when it starts anew. */
  relist(list: readonly PeerEntry[]): void {
    this.listing.change(list)
    if (this.#life?.node !== undefined) this.process?.enter(() => this.#readList())
  }

  #readList(): void {
    const { listing } = this
    listing.told(listing.current)
    this.#life?.node?.setPeers(listing.current)
  }

  /** Starts it again after a while, unless it runs by then. */
  startAfter(delayMs: number): void {
    this.#parts.world.after(delayMs, Kind.LIFE, this.nodeId, () => this.start())
  }

  /** A start or a stop may fail, but only because of its disk, or of another process on it. */
  async #whenDone<T>(life: Life, work: Promise<T>, then: (result: T) => void): Promise<void> {
    try {
      then(await work)
    } catch (error) {
      const isLost = error instanceof StoreError && error.fault === StoreFault.LOST
      const isDuplicate = error instanceof DuplicateError && life.isOvertaken
      if (error instanceof DiskError || isLost || isDuplicate) this.#exit(life)
      else this.#parts.world.note(error)
    }
  }

  #exit(life: Life): void {
    if (life !== this.#life) {
      this.#end(life)
      return
    }
    this.kill()
    this.startAfter(this.#parts.world.random.spread(RESTART_MIN_MS, 1_000))
  }

  #enter(state: NodeState): void {
    const { world } = this.#parts
    this.state = state
    if (world.trace.isOn) world.trace.line(world.nowMs, `node ${this.nodeId} is ${state}`)
  }
}
