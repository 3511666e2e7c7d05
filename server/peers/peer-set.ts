import { NODE_ID_MAX, Status } from "../../protocol/index.ts"
import type { IdRequest, PeerDirectory } from "../routing/peer-directory.ts"
import type { Timer } from "../environment.ts"
import type { Address } from "../net/address.ts"
import { addressText } from "../net/address.ts"
import type { PeerContext } from "./context.ts"
import { Peer, PeerState } from "./peer.ts"
import type { PeerEvents, PeerOwner } from "./peer.ts"

/** How often the links in use are checked. */
const HEARTBEAT_MS = 500
/** How often deadlines are checked while anything is in flight. */
const EXPIRE_MS = 10
/** At most this share of the peers is ejected at a time, and one always may be. */
const EJECTED_SHARE = 0.5

/** A node and where it listens. */
export interface PeerEntry {
  readonly nodeId: number
  readonly address: Address
}

/** The other nodes of the cluster: which are live, and the links to them. */
export class PeerSet implements PeerDirectory {
  readonly #context: PeerContext
  readonly #owner: PeerOwner
  readonly #peers = new Map<number, Peer>()
  /** The same by index, for the hot path. */
  readonly #byNodeId: (Peer | undefined)[] = Array.from({ length: NODE_ID_MAX + 1 })
  /** Peers that are no longer listed and still have requests in flight. */
  readonly #retired = new Set<Peer>()
  #heartbeat: Timer | undefined
  #expire: Timer | undefined
  live: readonly number[]

  constructor(context: PeerContext, events: PeerEvents) {
    this.#context = context
    this.live = [context.nodeId]
    this.#owner = {
      changed: (peer) => {
        // Most changes are of a peer that was live and still is, such as one that got connected.
        if (peer.isLive !== this.live.includes(peer.nodeId)) this.#updateLive()
        events.changed(peer)
      },
      checked: (peer, finding) => events.checked(peer, finding),
      mayEject: () => this.#mayEject(),
    }
    this.#scheduleHeartbeat()
  }

  /** All peers, in the order of their ids. */
  get peers(): readonly Peer[] {
    return [...this.#peers.values()].toSorted((a, b) => a.nodeId - b.nodeId)
  }

  /** Takes over a list of peers. One that stays at its address keeps its links. */
  setList(entries: readonly PeerEntry[]): void {
    const wanted = new Map(entries.map((entry) => [entry.nodeId, entry]))
    wanted.delete(this.#context.nodeId)
    for (const [nodeId, peer] of this.#peers) {
      const address = wanted.get(nodeId)?.address
      if (address !== undefined && addressText(address) === addressText(peer.address)) continue
      this.#peers.delete(nodeId)
      this.#byNodeId[nodeId] = undefined
      this.#retired.add(peer)
      peer.retire()
      this.#watch()
    }
    for (const { nodeId, address } of wanted.values()) {
      if (this.#peers.has(nodeId)) continue
      const peer = new Peer(nodeId, address, this.#context, this.#owner)
      this.#peers.set(nodeId, peer)
      this.#byNodeId[nodeId] = peer
    }
    this.#updateLive()
  }

  knows(nodeId: number): boolean {
    return this.#byNodeId[nodeId] !== undefined
  }

  ask(nodeId: number, request: IdRequest, nowMs: number, deadlineMs: number): Status {
    const status = this.#byNodeId[nodeId]?.ask(request, nowMs, deadlineMs) ?? Status.UNKNOWN_NODE
    if (status === Status.OK) this.#watch()
    return status
  }

  patienceMs(nodeId: number): number {
    return this.#byNodeId[nodeId]?.patienceMs ?? 0
  }

  distrust(nodeId: number, reason: string): void {
    this.#peers.get(nodeId)?.distrust(reason)
  }

  close(): void {
    this.#heartbeat?.cancel()
    this.#expire?.cancel()
    const peers = [...this.#peers.values(), ...this.#retired]
    // All before any is closed, so that no request fails over to a peer that is closed next.
    for (const peer of peers) peer.retire()
    this.#updateLive()
    for (const peer of peers) peer.close("this node is stopping")
  }

  #mayEject(): boolean {
    let ejected = 0
    for (const { state } of this.#peers.values()) if (state === PeerState.EJECTED) ejected++
    return ejected < Math.max(1, Math.floor(this.#peers.size * EJECTED_SHARE))
  }

  #updateLive(): void {
    const live = [this.#context.nodeId]
    for (const peer of this.#peers.values()) if (peer.isLive) live.push(peer.nodeId)
    this.live = live.toSorted((a, b) => a - b)
  }

  #scheduleHeartbeat(): void {
    this.#heartbeat = this.#context.environment.after(HEARTBEAT_MS, () => {
      const now = this.#context.environment.monotonicMs()
      for (const peer of this.#peers.values()) peer.heartbeat(now)
      this.#watch()
      this.#scheduleHeartbeat()
    })
  }

  /** Checks deadlines until nothing is in flight. */
  #watch(): void {
    this.#expire ??= this.#context.environment.after(EXPIRE_MS, () => {
      this.#expire = undefined
      const now = this.#context.environment.monotonicMs()
      let isBusy = false
      for (const peer of this.#peers.values()) {
        peer.expire(now)
        isBusy ||= peer.isBusy
      }
      for (const peer of this.#retired) {
        peer.expire(now)
        if (peer.isBusy) continue
        peer.close("it is no longer listed")
        this.#retired.delete(peer)
      }
      if (isBusy || this.#retired.size > 0) this.#watch()
    })
  }
}
