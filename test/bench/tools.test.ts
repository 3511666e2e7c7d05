import { describe, expect, test } from "bun:test"
import { ohaRate } from "../../bench/tools/oha.ts"
import { redisBenchmarkRate } from "../../bench/tools/redis-benchmark.ts"
import { wrkRate } from "../../bench/tools/wrk.ts"

describe("wrk", () => {
  const output =
    "  35760 requests in 2.00s, 460.40KB read\nRequests/sec: 119145.19\nTransfer/sec: 15MB\n"

  test("is read for its rate", () => {
    expect(wrkRate(output)).toBe(119_145.19)
  })

  test("that saw errors gives no rate", () => {
    expect(() => wrkRate(`  Non-2xx or 3xx responses: 12\n${output}`)).toThrow("Non-2xx")
    const errors = "  Socket errors: connect 0, read 3, write 0, timeout 0\n"
    expect(() => wrkRate(errors + output)).toThrow("Socket errors")
  })

  test("that ended early gives no rate", () => {
    expect(() => wrkRate("Running 2s test")).toThrow("no rate")
  })
})

describe("redis-benchmark", () => {
  const head =
    '"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"\n'

  test("is read for its rate", () => {
    const output = `${head}"GET local","4040404.00","3.297","0.032","2.783","7.679","12.055","29.599"\n`
    expect(redisBenchmarkRate(output)).toBe(4_040_404)
  })

  test("that ended early gives no rate", () => {
    expect(() => redisBenchmarkRate(head)).toThrow("no rate")
  })
})

describe("oha", () => {
  const report = (statuses: Record<string, number>): string =>
    JSON.stringify({ summary: { requestsPerSec: 88_500.5 }, statusCodeDistribution: statuses })

  test("is read for its rate", () => {
    expect(ohaRate(report({ "200": 177_001 }))).toBe(88_500.5)
  })

  test("that saw errors gives no rate", () => {
    expect(() => ohaRate(report({ "200": 9, "503": 1 }))).toThrow("503")
    expect(() => ohaRate(report({}))).toThrow("none")
  })
})
