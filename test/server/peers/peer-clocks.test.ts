import { describe, expect, test } from "bun:test"
import type { Finding } from "../../../server/peers/link-check.ts"
import { PeerClocks } from "../../../server/peers/peer-clocks.ts"

const LIMIT_MS = 10_000
/** Our wall clock less our monotonic one. */
const OURS_MS = 5_000_000
const NOW_MS = 60_000

function finding(aheadMs: number, roundTripMs = 2, fault?: string): Finding {
  return {
    fault,
    isDuplicate: false,
    isLeaving: false,
    clockMs: 0,
    skewMs: aheadMs,
    offsetMs: OURS_MS + aheadMs,
    roundTripMs,
  }
}

/** @param aheadMs how far each of the peers' clocks is ahead of ours */
function clocks(...aheadMs: readonly number[]): PeerClocks {
  const all = new PeerClocks()
  for (const [nodeId, ms] of aheadMs.entries()) all.note(nodeId, finding(ms), NOW_MS)
  return all
}

/** Agreeing and contradicting. */
function votes(peers: PeerClocks, nowMs = NOW_MS, sinceMs = 0): [number, number] {
  const { agreeing, contradicting } = peers.votes(OURS_MS, LIMIT_MS, nowMs, sinceMs)
  return [agreeing, contradicting]
}

describe("the clocks of the peers", () => {
  test("contradict ours when it is further ahead of theirs than the limit", () => {
    expect(votes(clocks())).toEqual([0, 0])
    expect(votes(clocks(0, -LIMIT_MS + 1, 3, 86_400_000))).toEqual([4, 0])
    expect(votes(clocks(-LIMIT_MS - 2, -86_400_000, 0))).toEqual([1, 2])
  })

  test("say by how much: the median of those that contradict", () => {
    const peers = clocks(0, -50_000, -20_000, -90_000)
    expect(peers.votes(OURS_MS, LIMIT_MS, NOW_MS, 0).aheadMs).toBe(50_000)
    expect(clocks(0).votes(OURS_MS, LIMIT_MS, NOW_MS, 0).aheadMs).toBe(0)
  })

  test("do not count where the round trip leaves it open", () => {
    const peers = new PeerClocks()
    peers.note(1, finding(-LIMIT_MS - 400, 1_000), NOW_MS)
    peers.note(2, finding(-LIMIT_MS + 400, 1_000), NOW_MS)
    expect(votes(peers)).toEqual([0, 0])
    peers.note(1, finding(-LIMIT_MS - 501, 1_000), NOW_MS)
    peers.note(2, finding(-LIMIT_MS + 500, 1_000), NOW_MS)
    expect(votes(peers)).toEqual([1, 1])
  })

  test("count for two seconds after they were asked, and as they were asked last", () => {
    const peers = clocks(0, -86_400_000)
    expect(votes(peers, NOW_MS + 2_000)).toEqual([1, 1])
    expect(votes(peers, NOW_MS + 2_001)).toEqual([0, 0])
    peers.note(1, finding(0), NOW_MS + 3_000)
    expect(votes(peers, NOW_MS + 3_000)).toEqual([1, 0])
    const fresh = [0, 1].map((nodeId) => peers.isFresh(nodeId, NOW_MS + 3_000, 0))
    expect(fresh).toEqual([false, true])
  })

  test("count only as they were asked since our clock has moved", () => {
    const peers = clocks(0, 0)
    peers.note(1, finding(0), NOW_MS + 100)
    expect(votes(peers, NOW_MS + 100, NOW_MS)).toEqual([2, 0])
    expect(votes(peers, NOW_MS + 100, NOW_MS + 1)).toEqual([1, 0])
  })

  test("are not those of another node, nor of one that is no longer listed", () => {
    const peers = clocks(0, 0, 0)
    peers.note(1, finding(0, 2, "it is node 9, not 1"), NOW_MS)
    expect(votes(peers)).toEqual([2, 0])
    peers.keepOnly((nodeId) => nodeId === 2)
    expect(votes(peers)).toEqual([1, 0])
  })
})
