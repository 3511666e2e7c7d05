import { BACKOFF_CAP_MS, Op, Status, backoffMs } from "../../protocol/index.ts"
import type { IdRequest } from "../routing/peer-directory.ts"
import type { Timer } from "../environment.ts"
import type { Address } from "../net/address.ts"
import { AnswerTimes } from "./answer-times.ts"
import { AnswerWatch } from "./answer-watch.ts"
import type { PeerContext } from "./context.ts"
import { LinkCheck } from "./link-check.ts"
import type { Finding } from "./link-check.ts"
import { Link } from "./link.ts"
import { Outlier, STRIKES_MAX } from "./outlier.ts"

/** A peer that stayed up this long starts again at the shortest backoff. */
const SOUND_AFTER_MS = 1_000

/**
 * While a peer is down, a connection that has not passed its first check by then is given up. Even
 * after the longest backoff a peer that is back is then in use within 3 s.
 */
const RETURN_TIMEOUT_MS = 750

/** While nothing at all answers there, the longest wait doubles after so many attempts. */
const DARK_ATTEMPTS = 20
const DARK_CAP_MS = 15_000

/** A peer is late when it takes this share of what a request may take in all. */
const LATE_SHARE = 0.5

export const PeerState = {
  /** Never asked yet. It counts as live until it proves otherwise. */
  UNUSED: "unused",
  /** The first links are being opened and checked. */
  CONNECTING: "connecting",
  UP: "up",
  /** It passes its checks and does not give ids in time. Only who asks for it by its id gets there. */
  EJECTED: "ejected",
  /** It is about to stop. Only who asks for it by its id gets there. */
  LEAVING: "leaving",
  /** Lost or never reached; being tried again. */
  DOWN: "down",
  /** Something else than the listed node answers there. Not used; being tried again. */
  MISCONFIGURED: "misconfigured",
} as const
export type PeerState = (typeof PeerState)[keyof typeof PeerState]

/** In use, but only for who asks for it by its id. */
const NOT_CHOSEN: readonly PeerState[] = [PeerState.EJECTED, PeerState.LEAVING]

export interface PeerEvents {
  /** Its state or the reason for it has changed. */
  changed(peer: Peer): void
  /** A link was checked. */
  checked(peer: Peer, finding: Finding): void
}

/** What a peer hears of the others. */
export interface PeerOwner extends PeerEvents {
  /** Whether one more may be ejected. */
  mayEject(): boolean
}

interface CheckedLink {
  readonly link: Link
  readonly check: LinkCheck
  readonly watch: AnswerWatch
  /** It was opened, and the listed node is at its other end. */
  isSound: boolean
}

/** Another node of the cluster: a pool of links to it, and whether it can be used. */
export class Peer {
  readonly nodeId: number
  readonly address: Address
  readonly #context: PeerContext
  readonly #owner: PeerOwner
  readonly #times: AnswerTimes
  readonly #outlier = new Outlier()
  #ejectedForMs = 0
  #links: CheckedLink[] = []
  #retry: Timer | undefined
  /** Attempts to connect since it last stayed up for a while. */
  #attempts = 0
  #upSinceMs = 0
  /** Attempts in a row of which nothing came at all. */
  #darkAttempts = 0
  /** No new links: it is no longer listed, or this node is stopping. */
  #ending = false

  state: PeerState = PeerState.UNUSED
  /** Why it is not up; "" when it is. */
  reason = ""
  /** Its wall clock less ours, milliseconds; undefined until it was asked. */
  skewMs: number | undefined
  roundTripMs: number | undefined

  constructor(nodeId: number, address: Address, context: PeerContext, owner: PeerOwner) {
    this.nodeId = nodeId
    this.address = address
    this.#context = context
    this.#owner = owner
    this.#times = new AnswerTimes(context.timeoutMs * LATE_SHARE, context.answerSeconds)
  }

  /** Whether it may be chosen when any node will do. */
  get isLive(): boolean {
    return this.#isUsable && !NOT_CHOSEN.includes(this.state)
  }

  /** How long its answer is worth waiting for where another node could answer as well. */
  get patienceMs(): number {
    return this.#times.patienceBehindMs(this.#leastBusy()?.link.inFlight ?? 0)
  }

  get #isUsable(): boolean {
    if (this.#ending) return false
    return this.state !== PeerState.DOWN && this.state !== PeerState.MISCONFIGURED
  }

  /** Whether there is a link whose requests have to be watched. */
  get isBusy(): boolean {
    return this.#links.some(({ link }) => link.inFlight > 0)
  }

  /** @returns Status.OK when the request will hear of its answer; else NODE_DOWN or OVERLOADED */
  ask(request: IdRequest, nowMs: number, deadlineMs: number): Status {
    if (!this.#isUsable) return Status.NODE_DOWN
    if (this.state === PeerState.UNUSED) {
      this.#change(PeerState.CONNECTING, "not connected yet")
      this.#openLinks()
    }
    const checked = this.#leastBusy()
    if (checked === undefined) return Status.NODE_DOWN
    const { link, watch } = checked
    if (!link.send(Op.NODE, request.wanted, this.nodeId, request, nowMs, deadlineMs)) {
      return Status.OVERLOADED
    }
    watch.sent(request, nowMs)
    return Status.OK
  }

  expire(nowMs: number): void {
    for (const { link, isSound } of this.#links) {
      const ageMs = nowMs - link.createdAtMs
      if (!this.#isUsable && !isSound && ageMs > RETURN_TIMEOUT_MS) {
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
  #leastBusy(): CheckedLink | undefined {
    if (this.#links.length <= 1) return this.#links[0]
    let least: CheckedLink | undefined
    for (const checked of this.#links) {
      if (least === undefined || isBetter(checked, least)) least = checked
    }
    return least
  }

  /** One, and the others once that is sound: attempts that come to nothing cost descriptors. */
  #openLinks(): void {
    const isReached = this.#links.some(({ isSound }) => isSound)
    const wanted = isReached ? this.#context.linksPerPeer : 1
    while (this.#links.length < wanted) this.#openLink()
  }

  #openLink(): void {
    const { dial, environment, flushScheduler, timeoutMs, epochMs } = this.#context
    const watch = new AnswerWatch(this.nodeId, environment, {
      took: (ms, sentAtMs, nowMs) => this.#took(ms, sentAtMs, nowMs),
      missed: (sentAtMs, nowMs) => this.#strike(sentAtMs, nowMs),
    })
    const link: Link = new Link({
      address: this.address,
      dial,
      environment,
      flushScheduler,
      stallMs: timeoutMs * 2,
      watch,
      lied: (reason) => this.distrust(reason),
      closed: (reason) => this.#linkClosed(link, reason),
    })
    const check = new LinkCheck(link, this.nodeId, this.#context, (finding) => {
      if (finding.isLeaving && !checked.isSound) {
        link.close("it is stopping")
        return
      }
      checked.isSound = finding.fault === undefined
      watch.check.setClock(finding.clockMs - epochMs, environment.monotonicMs())
      this.#checked(finding)
    })
    const checked: CheckedLink = { link, check, watch, isSound: false }
    this.#links.push(checked)
    // Sent in front of every request, so that its findings are there before any other answer.
    check.beat(environment.monotonicMs())
  }

  #linkClosed(link: Link, reason: string): void {
    const others = this.#links.filter((checked) => checked.link !== link)
    const wasGivenUp = others.length === this.#links.length
    if (wasGivenUp || this.#ending) return
    this.#links = others
    this.#darkAttempts = link.isDark ? this.#darkAttempts + 1 : 0
    if (others.length === 0) this.#change(PeerState.DOWN, reason)
    this.#scheduleRetry()
  }

  #scheduleRetry(): void {
    if (this.#ending || this.#retry !== undefined) return
    const { environment } = this.#context
    const capMs = BACKOFF_CAP_MS * 2 ** Math.floor(this.#darkAttempts / DARK_ATTEMPTS)
    const delayMs = backoffMs(this.#attempts++, environment.random(), Math.min(capMs, DARK_CAP_MS))
    this.#retry = environment.after(delayMs, () => {
      this.#retry = undefined
      this.#openLinks()
    })
  }

  #checked(finding: Finding): void {
    this.skewMs = finding.skewMs
    this.roundTripMs = finding.roundTripMs
    this.#times.expect(finding.roundTripMs)
    if (finding.fault !== undefined) this.distrust(finding.fault)
    else if (finding.isLeaving) this.#change(PeerState.LEAVING, "it is stopping")
    else this.#noteSound()
    if (!this.#ending) this.#owner.checked(this, finding)
  }

  #took(ms: number, sentAtMs: number, nowMs: number): void {
    if (!this.#times.took(ms)) {
      this.#strike(sentAtMs, nowMs)
      return
    }
    this.#outlier.pardon(nowMs)
    if (this.state === PeerState.EJECTED) this.#change(PeerState.UP, "")
  }

  #strike(sentAtMs: number, nowMs: number): void {
    if (!this.#outlier.strike(sentAtMs, nowMs)) return
    if (this.state !== PeerState.UP || !this.#owner.mayEject()) return
    this.#ejectedForMs = this.#outlier.eject(nowMs)
    this.#eject()
  }

  #eject(): void {
    const what = `${STRIKES_MAX} answers in a row were late or missing`
    this.#change(PeerState.EJECTED, `${what}; ejected for ${this.#ejectedForMs / 1_000} s`)
  }

  /** A peer that passes its check and fails right after it must not be tried at the fastest rate. */
  #noteSound(): void {
    const now = this.#context.environment.monotonicMs()
    if (this.state !== PeerState.UP && !NOT_CHOSEN.includes(this.state)) this.#upSinceMs = now
    else if (now - this.#upSinceMs >= SOUND_AFTER_MS) this.#attempts = 0
    this.#darkAttempts = 0
    if (this.#outlier.isOver(now)) this.#change(PeerState.UP, "")
    else if (this.state !== PeerState.EJECTED) this.#eject()
    if (this.#retry === undefined && !this.#ending) this.#openLinks()
  }

  #change(state: PeerState, reason: string): void {
    if (this.state === state && (state !== PeerState.MISCONFIGURED || this.reason === reason))
      return
    this.state = state
    this.reason = reason
    if (!this.#ending) this.#owner.changed(this)
  }
}

function isBetter(one: CheckedLink, other: CheckedLink): boolean {
  if (one.isSound !== other.isSound) return one.isSound
  return one.link.inFlight < other.link.inFlight
}
