import type { Finding } from "./link-check.ts"

/** An answer to CLOCK that is older than this is not used: a peer that is up is asked twice a second. */
const FRESH_MS = 2_000

interface Sample {
  /** Its wall clock less our monotonic one. So it stays right whatever our wall clock does. */
  readonly offsetMs: number
  /** It may have been off by this much: half of the round trip. */
  readonly uncertaintyMs: number
  readonly atMs: number
}

/** What the peers' clocks have to say about ours. */
export interface ClockVotes {
  /** For how many ours is not too far ahead. */
  readonly agreeing: number
  readonly contradicting: number
  /** The median of how far ours is ahead of those that contradict it, milliseconds. */
  readonly aheadMs: number
}

/** What the clocks of the other nodes show, as far as it was asked lately. Times are monotonic. */
export class PeerClocks {
  readonly #samples = new Map<number, Sample>()

  /** A node was asked. One that is not the node listed there has no say. */
  note(nodeId: number, { fault, offsetMs, roundTripMs }: Finding, nowMs: number): void {
    if (fault !== undefined) this.#samples.delete(nodeId)
    else this.#samples.set(nodeId, { offsetMs, uncertaintyMs: roundTripMs / 2, atMs: nowMs })
  }

  keepOnly(isListed: (nodeId: number) => boolean): void {
    for (const nodeId of this.#samples.keys()) if (!isListed(nodeId)) this.#samples.delete(nodeId)
  }

  /** Whether a node was asked within the last 2 s, and since a moment. */
  isFresh(nodeId: number, nowMs: number, sinceMs: number): boolean {
    const sample = this.#samples.get(nodeId)
    return sample !== undefined && sample.atMs >= Math.max(nowMs - FRESH_MS, sinceMs)
  }

  /**
   * Whether a wall clock is more than `limitMs` ahead of those of the peers. A peer whose answer took
   * too long to tell does not count.
   * @param offsetMs that wall clock less the monotonic one
   * @param sinceMs what was asked before does not count
   */
  votes(offsetMs: number, limitMs: number, nowMs: number, sinceMs: number): ClockVotes {
    let agreeing = 0
    const ahead: number[] = []
    for (const [nodeId, sample] of this.#samples) {
      if (!this.isFresh(nodeId, nowMs, sinceMs)) continue
      const aheadMs = offsetMs - sample.offsetMs
      if (aheadMs + sample.uncertaintyMs <= limitMs) agreeing++
      else if (aheadMs - sample.uncertaintyMs > limitMs) ahead.push(aheadMs)
    }
    const sorted = ahead.toSorted((a, b) => a - b)
    const aheadMs = sorted[Math.floor(sorted.length / 2)] ?? 0
    return { agreeing, contradicting: ahead.length, aheadMs }
  }
}
