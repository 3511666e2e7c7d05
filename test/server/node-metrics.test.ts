import { describe, expect, test } from "bun:test"
import { Status } from "../../protocol/index.ts"
import { Histogram } from "../../server/metrics/histogram.ts"
import { familiesOf } from "../../server/metrics/metric.ts"
import type { Sample } from "../../server/metrics/metric.ts"
import { NODE_METRICS } from "../../server/node-metrics.ts"
import type { NodeMetricSources } from "../../server/node-metrics.ts"
import { PROCESS_METRICS } from "../../server/process-metrics.ts"
import { PeerState } from "../../server/peers/peer.ts"
import { ForwardCounts } from "../../server/routing/forward-counts.ts"
import { LoneNode } from "../support/lone-node.ts"
import { samplesIn } from "../support/scrape.ts"

/** A node in virtual time, and what its metrics are. */
class MeteredNode extends LoneNode {
  metric(sample: string): number {
    const { body } = this.http.get("/metrics")
    const value = samplesIn(body).get(sample)
    if (value === undefined) throw new Error(`there is no ${sample}`)
    return value
  }
}

describe("the metrics of a node", () => {
  test("are told in one sentence each, with what to do, and named as Prometheus wants it", () => {
    const all = [...NODE_METRICS, ...PROCESS_METRICS]
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
    for (const { name, type, help, advice } of all) {
      expect(name).toMatch(/^(?:firn|process)_[a-z_]+$/)
      expect({ name, isCounter: name.endsWith("_total") }).toEqual({
        name,
        isCounter: type === "counter",
      })
      expect(help).toMatch(/^[A-Z].*[^.]$/)
      expect(advice).toMatch(/[^.]$/)
    }
  })

  test("follow the clock: lead, steps back, and how long the mark lasts", async () => {
    const lone = new MeteredNode()
    const node = await lone.start()
    lone.get("/lunique")
    expect(lone.metric("firn_clock_lead_seconds")).toBe(0)
    expect(lone.metric("firn_mark_headroom_seconds")).toBeWithin(2, 3.001)
    lone.environment.advance(300)
    lone.environment.stepWall(-4_000)
    lone.environment.advance(300)
    expect(lone.metric("firn_clock_lead_seconds")).toBeWithin(3.5, 4.1)
    expect(lone.metric("firn_clock_steps_back_total")).toBe(1)
    expect(lone.metric("firn_ready")).toBe(1)
    await lone.stop(node)
  })

  test("tell of marks that cannot be stored, how long writes take, and that the node gets unready", async () => {
    const lone = new MeteredNode()
    const node = await lone.start()
    lone.store.latency = 20
    lone.environment.advance(5_000)
    const writes = lone.metric("firn_mark_store_duration_seconds_count")
    expect(writes).toBeGreaterThan(1)
    expect(lone.metric('firn_mark_store_duration_seconds_bucket{le="0.01"}')).toBe(0)
    expect(lone.metric('firn_mark_store_duration_seconds_bucket{le="0.025"}')).toBe(writes)
    expect(lone.metric("firn_mark_store_failures_total")).toBe(0)
    lone.store.failure = new Error("disk full")
    lone.environment.advance(10_000)
    expect(lone.metric("firn_mark_store_failures_total")).toBeGreaterThan(3)
    expect(lone.metric("firn_mark_headroom_seconds")).toBe(0)
    expect(lone.metric("firn_ready")).toBe(0)
    lone.store.failure = undefined
    lone.environment.advance(2_000)
    expect(lone.metric("firn_ready")).toBe(1)
    await lone.stop(node)
  })

  test("count ids, and requests that had to wait for them", async () => {
    const lone = new MeteredNode()
    const node = await lone.start()
    const askForAll = (): void => {
      for (let asked = 0; asked < 20; asked++) lone.get("/lunique?n=4096")
    }
    expect(askForAll).toThrow("no answer")
    lone.environment.advance(5)
    expect(lone.metric("firn_ids_issued_total")).toBeGreaterThan(40_000)
    expect(
      lone.metric('firn_requests_total{dialect="http",op="LOCAL",status="OK"}'),
    ).toBeGreaterThan(9)
    expect(lone.metric("firn_generator_waits_total")).toBeGreaterThan(0)
    await lone.stop(node)
  })

  test("of 1,023 other nodes are a few hundred, and counters of those without series are put together", () => {
    const forwardCounts = new ForwardCounts()
    const peers = Array.from({ length: 1_023 }, (_, i) => {
      return { nodeId: i + 1, state: PeerState.UP, skewMs: 1 }
    })
    for (const { nodeId } of peers) {
      for (const status of [Status.OK, Status.OK, Status.TIMEOUT]) forwardCounts.add(nodeId, status)
    }
    const sources = {
      forwardCounts,
      membership: { duplicatesFound: 0, peers: { peers } },
      answerSeconds: new Histogram([]),
    } as unknown as NodeMetricSources
    const ofPeers = NODE_METRICS.filter(({ labels }) => labels?.includes("peer"))
    expect(ofPeers).toHaveLength(4)
    const families = familiesOf(ofPeers, sources)
    const samples = families.flatMap(({ reading }) => reading as Sample[])
    expect(samples.length).toBeLessThan(400)
    expect(samples).toContainEqual({ labels: { peer: "64", status: "OK" }, value: 2 })
    expect(samples).toContainEqual({ labels: { peer: "other", status: "OK" }, value: 2 * 959 })
    expect(samples).toContainEqual({ labels: { peer: "other", status: "TIMEOUT" }, value: 959 })
    // A node that was not used has none.
    const unused = { ...sources, forwardCounts: new ForwardCounts() }
    expect(familiesOf(ofPeers, unused).flatMap(({ reading }) => reading as Sample[])).toEqual([])
  })
})
