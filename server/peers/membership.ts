import { ServerError } from "../errors.ts"
import type { Logger } from "pino"
import type { Timer } from "../environment.ts"
import { addressText } from "../net/address.ts"
import type { PeerStatus } from "../node-status.ts"
import { askNodes } from "./ask-nodes.ts"
import type { PeerContext } from "./context.ts"
import { findDuplicates } from "./duplicates.ts"
import type { Finding } from "./link-check.ts"
import { PeerClocks } from "./peer-clocks.ts"
import { PeerSet } from "./peer-set.ts"
import type { PeerEntry } from "./peer-set.ts"
import { PeerState } from "./peer.ts"
import type { Peer } from "./peer.ts"

/** How long a start waits for the listed nodes to say who they are. */
const FIND_AT_START_MS = 1_000
/** How often this node's own address is asked who answers there. */
const OWN_ADDRESS_MS = 10_000
/** How many nodes are asked for their clocks at a time, and how long they may take. */
const CLOCKS_ASKED_MAX = 16
const CLOCKS_MS = 1_000
/** A peer's clock that is further off than this is warned about. */
const SKEW_LIMIT_MS = 1_000

/** Another process has this node's id. */
export class DuplicateError extends ServerError {
  override readonly name = "DuplicateError"
}

/**
 * This node's place among the others: keeps the list, logs what changes, and watches for other
 * processes with this node's id.
 */
export class Membership {
  readonly peers: PeerSet
  /** What time it is at the other nodes. */
  readonly clocks: PeerClocks = new PeerClocks()
  /** How often another process with this node's id has been found. */
  duplicatesFound = 0
  readonly #context: PeerContext
  readonly #log: Logger
  /** The addresses where such processes answer now. */
  readonly #duplicates = new Set<string>()
  readonly #skewed = new Set<number>()
  #entries: readonly PeerEntry[]
  #ownWatch: Timer | undefined
  #closed = false

  constructor(entries: readonly PeerEntry[], context: PeerContext, log: Logger) {
    this.#context = context
    this.#log = log
    this.#entries = entries
    this.peers = new PeerSet(context, {
      changed: (peer) => this.#logChange(peer),
      checked: (peer, finding) => this.#examine(peer, finding),
    })
    this.peers.setList(entries)
  }

  /** @throws DuplicateError that names the address where this node's id is in use already */
  async refuseDuplicates(): Promise<void> {
    const found = await findDuplicates(
      this.#entries,
      this.#context,
      FIND_AT_START_MS,
      (entry, finding) => this.#noteClock(entry.nodeId, finding),
    )
    if (found.length === 0) {
      this.#watchOwnAddress()
      return
    }
    throw new DuplicateError(
      `node id ${this.#context.nodeId} is in use by the process at ` +
        `${found.map(addressText).join(" and ")}: stop it, or give this node another id`,
    )
  }

  /**
   * Asks nodes that were not asked lately what time it is there, also nodes that were never used. With
   * those that were asked it is at most 16, drawn at random.
   * @param sinceMs by the monotonic clock; whoever was asked before is asked again
   */
  async askClocks(sinceMs: number): Promise<void> {
    const { environment, nodeId: ownId } = this.#context
    const nowMs = environment.monotonicMs()
    const others = this.#entries.filter(({ nodeId }) => nodeId !== ownId)
    const unknown = others.filter(({ nodeId }) => !this.clocks.isFresh(nodeId, nowMs, sinceMs))
    const left = CLOCKS_ASKED_MAX - (others.length - unknown.length)
    const asked: PeerEntry[] = []
    while (asked.length < left && unknown.length > 0) {
      const at = Math.floor(environment.random() * unknown.length)
      asked.push(...unknown.splice(at, 1))
    }
    await askNodes(asked, this.#context, CLOCKS_MS, (entry, finding) =>
      this.#noteClock(entry.nodeId, finding),
    )
  }

  /** Why this node may not be relied on, or undefined. */
  get fault(): string | undefined {
    if (this.#duplicates.size === 0) return undefined
    const where = [...this.#duplicates].join(" and ")
    return `another process with this node's id ${this.#context.nodeId} answers at ${where}`
  }

  setList(entries: readonly PeerEntry[]): void {
    this.#entries = entries
    this.peers.setList(entries)
    const listed = new Set(entries.map(({ address }) => addressText(address)))
    for (const address of this.#duplicates)
      if (!listed.has(address)) this.#duplicates.delete(address)
    for (const nodeId of this.#skewed) if (!this.peers.knows(nodeId)) this.#skewed.delete(nodeId)
    this.clocks.keepOnly((nodeId) => this.peers.knows(nodeId))
    this.#log.info({ event: "peers-listed", nodes: entries.length }, "the list of nodes was read")
  }

  describe(): PeerStatus[] {
    return this.peers.peers.map((peer) => ({
      node: peer.nodeId,
      address: addressText(peer.address),
      state: peer.state,
      reason: peer.reason,
      skewMs: rounded(peer.skewMs),
      roundTripMs: rounded(peer.roundTripMs),
    }))
  }

  close(): void {
    this.#closed = true
    this.#ownWatch?.cancel()
    this.peers.close()
  }

  #logChange(peer: Peer): void {
    const { nodeId, state, reason } = peer
    const fields = { event: `peer-${state}`, peer: nodeId, address: addressText(peer.address) }
    const text = `node ${nodeId} at ${fields.address} is ${state}`
    switch (state) {
      case PeerState.UP:
        this.#log.info(fields, text)
        break
      case PeerState.DOWN:
        this.#log.warn({ ...fields, reason }, `${text}: ${reason}`)
        // Nobody answers there now, so no duplicate does.
        this.#noteDuplicate(fields.address, false)
        break
      case PeerState.LEAVING:
        this.#log.info({ ...fields, reason }, text)
        break
      case PeerState.EJECTED:
        this.#log.warn({ ...fields, reason }, `${text}: ${reason}`)
        break
      case PeerState.MISCONFIGURED:
        this.#log.error({ ...fields, reason }, `${text} and not used: ${reason}`)
        break
      case PeerState.UNUSED:
      case PeerState.CONNECTING:
        this.#log.debug(fields, text)
    }
  }

  #noteClock(nodeId: number, finding: Finding): void {
    this.clocks.note(nodeId, finding, this.#context.environment.monotonicMs())
  }

  #examine(peer: Peer, finding: Finding): void {
    const { isDuplicate, skewMs } = finding
    this.#log.trace({ event: "peer-checked", peer: peer.nodeId, ...finding }, "a peer was checked")
    this.#noteClock(peer.nodeId, finding)
    this.#noteDuplicate(addressText(peer.address), isDuplicate)
    const isSkewed = Math.abs(skewMs) > SKEW_LIMIT_MS
    if (isSkewed === this.#skewed.has(peer.nodeId)) return
    if (isSkewed) this.#skewed.add(peer.nodeId)
    else this.#skewed.delete(peer.nodeId)
    const figureMs = Math.round(skewMs)
    const fields = { event: "clock-skew", peer: peer.nodeId, skewMs: figureMs }
    const text = `the clock of node ${peer.nodeId} is ${Math.abs(figureMs)} ms ${figureMs < 0 ? "behind" : "ahead of"} ours`
    if (isSkewed) this.#log.warn(fields, text)
    else this.#log.info(fields, `${text} again, within ${SKEW_LIMIT_MS} ms`)
  }

  #noteDuplicate(address: string, isThere: boolean): void {
    if (isThere === this.#duplicates.has(address)) return
    if (!isThere) {
      this.#duplicates.delete(address)
      return
    }
    this.#duplicates.add(address)
    this.duplicatesFound++
    this.#log.error({ event: "duplicate-node", address }, this.fault)
  }

  /**
   * Asks again and again who answers at this node's own address. A second process with its id that
   * was started elsewhere by mistake finds the first one there.
   */
  #watchOwnAddress(): void {
    this.#ownWatch = this.#context.environment.after(OWN_ADDRESS_MS, () => {
      void this.#examineAndGoOn()
    })
  }

  async #examineAndGoOn(): Promise<void> {
    await this.#examineOwnAddress()
    if (!this.#closed) this.#watchOwnAddress()
  }

  async #examineOwnAddress(): Promise<void> {
    const own = this.#ownEntry
    if (own === undefined) return
    const found = await findDuplicates([own], this.#context, FIND_AT_START_MS)
    const address = addressText(own.address)
    // The list may have been read again meanwhile.
    const isListed = this.#ownEntry !== undefined && addressText(this.#ownEntry.address) === address
    if (isListed) this.#noteDuplicate(address, found.length > 0)
  }

  get #ownEntry(): PeerEntry | undefined {
    return this.#entries.find(({ nodeId }) => nodeId === this.#context.nodeId)
  }
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 100) / 100
}
