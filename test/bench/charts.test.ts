import { describe, expect, test } from "bun:test"
import { chartsOf } from "../../bench/charts/index.ts"
import { svgOf } from "../../bench/charts/svg.ts"
import type { Figure } from "../../bench/figures.ts"
import { TARGETS } from "../../bench/targets.ts"
import { halfLoadName } from "../../bench/suites/half-load.ts"
import { MAIN_CONNECTIONS, throughputName } from "../../bench/suites/tcp.ts"
import { redisName } from "../../bench/suites/redis.ts"
import { figureOf, resultsOf } from "./figures.ts"

const latencyUs = { p50: 20, p90: 40, p99: 200, p999: 1_500, p9999: 4_000, max: 9_000 }

function withLatency(figure: Figure): Figure {
  const series = figure.series.map(({ subject, samples }) => {
    return { subject, samples: samples.map((sample) => ({ ...sample, latencyUs })) }
  })
  return { ...figure, series }
}

const samples = { Firn: [90_000, 95_000], "Bun.listen": [100_000, 99_000] }
const sized = (name: string, parameters: Record<string, number>): Figure => {
  return withLatency(figureOf(name, samples, { parameters }))
}
const grown = (name: string, parameters: Record<string, number>): Figure => {
  return { ...sized(name, parameters), suite: "growth" }
}

const charts = chartsOf(
  resultsOf(
    ...[1, 16, 128].map((depth) => sized(throughputName(50, depth), { connections: 50, depth })),
    sized(halfLoadName(MAIN_CONNECTIONS, 1), { connections: 50, depth: 1, ratePerSecond: 60_000 }),
    ...[1, 50, 1_000].map((connections) => grown(`${connections} c`, { connections })),
    ...[1, 15, 1_023].map((peers) => grown(`${peers} p`, { peers })),
    ...[1, 512].map((depth) => sized(redisName("INCR", depth), { connections: 50, depth })),
    { ...figureOf("p99 of one id at a time: floods", samples), suite: "fairness" },
  ),
)

/** What each picture's axes have to say, units included. */
const AXES: Readonly<Record<string, readonly string[]>> = {
  "latency.svg": ["latency (µs)", "percentile of requests"],
  "throughput.svg": ["answers a second", "requests in flight on each connection", "4,096,000"],
  "redis.svg": ["Redis's own benchmark", "answers a second", "4,096,000"],
  "comparison.svg": ["Firn to the other (ratio;"],
  "growth-connections.svg": ["ids a second", "p99 latency (ms)", "connections"],
  "fairness.svg": ["p99 of one id at a time (ms)", ">floods<"],
  "growth-peers.svg": ["ids a second", "p99 latency (ms)", "other nodes"],
}

describe("the charts", () => {
  test("are those that have been measured", () => {
    expect([...charts.keys()].toSorted()).toEqual(Object.keys(AXES).toSorted())
    expect(chartsOf(resultsOf()).size).toBe(0)
  })

  test.each(Object.keys(AXES))(
    "%s has axes with units, a legend and a background",
    async (name) => {
      const svg = await svgOf(charts.get(name)!)
      for (const text of AXES[name]!) expect(svg).toContain(text)
      expect(svg).toContain(name === "comparison.svg" ? ">floor<" : ">Bun.listen<")
      expect(svg).toContain('fill="#ffffff"')
      // A logarithm of nothing measured would leave a line without points.
      expect(svg).not.toContain("NaN")
    },
  )
})

test("every target is about a figure of its own", () => {
  const names = TARGETS.map(({ figure }) => figure)
  expect(new Set(names).size).toBe(names.length)
})
