import { Op, Status, backoffMs } from "../../protocol/index.ts"
import type { IdRequest } from "../routing/peer-directory.ts"
import type { Timer } from "../environment.ts"
import type { Address } from "../net/address.ts"
import type { PeerContext } from "./context.ts"
import { LinkCheck } from "./link-check.ts"
import type { Finding } from "./link-check.ts"
import { Link } from "./link.ts"

/** A peer that stayed up this long starts again at the shortest backoff. */
const SOUND_AFTER_MS = 1_000

/**
 * While a peer is down, a connection that has not passed its first check by then is given up. Even
 * after the longest backoff a peer that is back is then in use within 3 s.
 */
const RETURN_TIMEOUT_MS = 750

export const PeerState = {
  /** Never asked yet. It counts as live until it proves otherwise. */
  UNUSED: "unused",
  /** The first links are being opened and checked. */
  CONNECTING: "connecting",
  UP: "up",
  /** Lost or never reached; being tried again. */
  DOWN: "down",
  /** Something else than the listed node answers there. Not used; being tried again. */
  MISCONFIGURED: "misconfigured",
} as const
export type PeerState = (typeof PeerState)[keyof typeof PeerState]

export interface PeerEvents {
  /** Its state or the reason for it has changed. */
  changed(peer: Peer): void
  /** A link was checked. */
  checked(peer: Peer, finding: Finding): void
}

interface CheckedLink {
  readonly link: Link
  readonly check: LinkCheck
  /** It was opened, and the listed node is at its other end. */
  isSound: boolean
}

/** Another node of the cluster: a pool of links to it, and whether it can be used. */
export class Peer {
  readonly nodeId: number
  readonly address: Address
  readonly #context: PeerContext
  readonly #events: PeerEvents
  #links: CheckedLink[] = []
  #retry: Timer | undefined
  /** Attempts to connect since it last stayed up for a while. */
  #attempts = 0
  #upSinceMs = 0
  /** No new links: it is no longer listed, or this node is stopping. */
  #ending = false

  state: PeerState = PeerState.UNUSED
  /** Why it is not up; "" when it is. */
  reason = ""
  /** Its wall clock less ours, milliseconds; undefined until it was asked. */
  skewMs: number | undefined
  roundTripMs: number | undefined

  constructor(nodeId: number, address: Address, context: PeerContext, events: PeerEvents) {
    this.nodeId = nodeId
    this.address = address
    this.#context = context
    this.#events = events
  }

  get isLive(): boolean {
    if (this.#ending) return false
    return this.state !== PeerState.DOWN && this.state !== PeerState.MISCONFIGURED
  }

  /** Whether there is a link whose requests have to be watched. */
  get isBusy(): boolean {
    return this.#links.some(({ link }) => link.inFlight > 0)
  }

  /** @returns Status.OK when the request will hear of its answer; else NODE_DOWN or OVERLOADED */
  ask(request: IdRequest, nowMs: number, deadlineMs: number): Status {
    if (!this.isLive) return Status.NODE_DOWN
    if (this.state === PeerState.UNUSED) {
      this.#change(PeerState.CONNECTING, "not connected yet")
      this.#openLinks()
    }
    const link = this.#leastBusy()
    if (link === undefined) return Status.NODE_DOWN
    const sent = link.send(Op.NODE, request.wanted, this.nodeId, request, nowMs, deadlineMs)
    return sent ? Status.OK : Status.OVERLOADED
  }

  expire(nowMs: number): void {
    for (const { link, isSound } of this.#links) {
      const ageMs = nowMs - link.createdAtMs
      if (!this.isLive && !isSound && ageMs > RETURN_TIMEOUT_MS) {
        link.close(`no answer to a check within ${RETURN_TIMEOUT_MS} ms`)
      } else link.expire(nowMs)
    }
  }

  /** To be called every 500 ms: asks the other end whether it is alive and still itself. */
  heartbeat(nowMs: number): void {
    for (const { check } of this.#links) check.beat(nowMs)
  }

  /** Takes it out of use until it has passed a new check. */
  distrust(reason: string): void {
    const links = this.#links
    this.#links = []
    this.#change(PeerState.MISCONFIGURED, reason)
    for (const { link } of links) link.close(reason)
    this.#scheduleRetry()
  }

  /** Opens no more links; those that are open go on with what they have in flight. */
  retire(): void {
    this.#ending = true
    this.#retry?.cancel()
  }

  close(reason: string): void {
    this.retire()
    for (const { link } of this.#links) link.close(reason)
  }

  /** A link that is not sound yet is used only when there is no other: it may come to nothing. */
  #leastBusy(): Link | undefined {
    if (this.#links.length <= 1) return this.#links[0]?.link
    let least: CheckedLink | undefined
    for (const checked of this.#links) {
      if (least === undefined || isBetter(checked, least)) least = checked
    }
    return least?.link
  }

  #openLinks(): void {
    while (this.#links.length < this.#context.linksPerPeer) this.#openLink()
  }

  #openLink(): void {
    const { dial, environment, flushScheduler, timeoutMs } = this.#context
    const link: Link = new Link({
      address: this.address,
      dial,
      environment,
      flushScheduler,
      stallMs: timeoutMs * 2,
      closed: (reason) => this.#linkClosed(link, reason),
    })
    const check = new LinkCheck(link, this.nodeId, this.#context, (finding) => {
      checked.isSound = finding.fault === undefined
      this.#checked(finding)
    })
    const checked: CheckedLink = { link, check, isSound: false }
    this.#links.push(checked)
    // Sent in front of every request, so that its findings are there before any other answer.
    check.beat(environment.monotonicMs())
  }

  #linkClosed(link: Link, reason: string): void {
    const others = this.#links.filter((checked) => checked.link !== link)
    const wasGivenUp = others.length === this.#links.length
    if (wasGivenUp || this.#ending) return
    this.#links = others
    if (others.length === 0) this.#change(PeerState.DOWN, reason)
    this.#scheduleRetry()
  }

  #scheduleRetry(): void {
    if (this.#ending || this.#retry !== undefined) return
    const { environment } = this.#context
    this.#retry = environment.after(backoffMs(this.#attempts++, environment.random()), () => {
      this.#retry = undefined
      this.#openLinks()
    })
  }

  #checked(finding: Finding): void {
    this.skewMs = finding.skewMs
    this.roundTripMs = finding.roundTripMs
    if (finding.fault === undefined) {
      this.#noteSound()
      this.#change(PeerState.UP, "")
    } else this.distrust(finding.fault)
    if (!this.#ending) this.#events.checked(this, finding)
  }

  /** A peer that passes its check and fails right after it must not be tried at the fastest rate. */
  #noteSound(): void {
    const now = this.#context.environment.monotonicMs()
    if (this.state !== PeerState.UP) this.#upSinceMs = now
    else if (now - this.#upSinceMs >= SOUND_AFTER_MS) this.#attempts = 0
  }

  #change(state: PeerState, reason: string): void {
    if (this.state === state && (state !== PeerState.MISCONFIGURED || this.reason === reason))
      return
    this.state = state
    this.reason = reason
    if (!this.#ending) this.#events.changed(this)
  }
}

function isBetter(one: CheckedLink, other: CheckedLink): boolean {
  if (one.isSound !== other.isSound) return one.isSound
  return one.link.inFlight < other.link.inFlight
}
