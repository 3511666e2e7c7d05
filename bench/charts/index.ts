import type { TopLevelSpec } from "vega-lite"
import type { Figure, Results } from "../figures.ts"
import { DIRECT, forwardName } from "../suites/forward.ts"
import { halfLoadName } from "../suites/half-load.ts"
import { HTTP_FLOOR, oneNodeName } from "../suites/http.ts"
import { MAIN_CONNECTIONS, TCP_FLOOR, throughputName } from "../suites/tcp.ts"
import { REDIS_DEPTHS, redisName } from "../suites/redis.ts"
import { sdkName } from "../suites/sdk.ts"
import { depthChart } from "./depth-chart.ts"
import { fairnessChart } from "./fairness-chart.ts"
import { growthChart } from "./growth-chart.ts"
import { latencyChart } from "./latency-chart.ts"
import { ratioChart } from "./ratio-chart.ts"

/** The pictures of a run, by file name; those whose suites were not run are left out. */
export function chartsOf({ figures }: Results): Map<string, TopLevelSpec> {
  const charts = new Map<string, TopLevelSpec>()
  const named = (...names: readonly string[]): Figure[] => {
    return names.flatMap((name) => figures.find((figure) => figure.name === name) ?? [])
  }
  const [halfLoad] = named(halfLoadName(MAIN_CONNECTIONS, 1))
  if (halfLoad !== undefined) charts.set("latency.svg", latencyChart(halfLoad))
  const depths = [1, 16, 128].map((depth) => throughputName(MAIN_CONNECTIONS, depth))
  if (named(...depths).length > 0)
    charts.set("throughput.svg", depthChart(named(...depths), THROUGHPUT))
  const redis = named(...REDIS_DEPTHS.map((depth) => redisName("INCR", depth)))
  if (redis.length > 0) charts.set("redis.svg", depthChart(redis, REDIS_BENCHMARK))
  const http = [oneNodeName("wrk"), oneNodeName("oha")]
  const hops = [forwardName(1), forwardName(16)]
  const pairs = [...depths, ...http, ...hops, sdkName("Bun", 1_024), sdkName("Node", 1_024)]
  if (named(...pairs).length > 0) {
    charts.set("comparison.svg", ratioChart(named(...pairs), [TCP_FLOOR, HTTP_FLOOR, DIRECT]))
  }
  const attacks = figures.filter(({ suite }) => suite === "fairness")
  if (attacks.length > 0) charts.set("fairness.svg", fairnessChart(attacks))
  const growing = figures.filter(({ suite }) => suite === "growth")
  const connections = growing.filter(({ parameters }) => "connections" in parameters)
  if (connections.length > 0)
    charts.set("growth-connections.svg", growthChart(connections, CONNECTIONS))
  const peers = growing.filter(({ parameters }) => "peers" in parameters)
  if (peers.length > 0) charts.set("growth-peers.svg", growthChart(peers, PEERS))
  return charts
}

const THROUGHPUT = { title: "Throughput against depth", requests: "" }

const REDIS_BENCHMARK = {
  title: "Redis's own benchmark",
  requests: "INCR, ",
}

const CONNECTIONS = {
  title: "As connections get many",
  subtitle: "each with one request in flight, so that latency is connections over throughput",
  parameter: "connections",
  xTitle: "connections",
}

const PEERS = {
  title: "As nodes get many",
  subtitle: "one node, and stubs of the others in one process; 50 connections, 16 deep",
  parameter: "peers",
  xTitle: "other nodes",
}
