import { describe, expect, test } from "bun:test"
import { Exposition, expositionOf } from "../../../server/metrics/exposition.ts"
import { Histogram } from "../../../server/metrics/histogram.ts"
import type { MetricFamily } from "../../../server/metrics/metric.ts"

function family(about: Partial<MetricFamily>): MetricFamily {
  const rest = { help: "What it is", advice: "" } as const
  return { name: "firn_x", type: "gauge", reading: 1, ...rest, ...about }
}

const { PROMETHEUS, OPEN_METRICS } = Exposition

describe("an exposition", () => {
  test("has two lines about a metric, and one for each sample", () => {
    const reading = [
      { labels: { op: "LOCAL", status: "OK" }, value: 3 },
      { labels: { op: "KEY", status: "OK" }, value: 0.5 },
    ]
    expect(expositionOf([family({}), family({ name: "firn_y", reading })], PROMETHEUS)).toBe(
      "# HELP firn_x What it is.\n# TYPE firn_x gauge\nfirn_x 1\n" +
        "# HELP firn_y What it is.\n# TYPE firn_y gauge\n" +
        'firn_y{op="LOCAL",status="OK"} 3\nfirn_y{op="KEY",status="OK"} 0.5\n',
    )
  })

  test("leaves out what has no value", () => {
    const families = [family({ reading: undefined }), family({ reading: [] })]
    expect(expositionOf(families, PROMETHEUS)).toBe("")
  })

  test("of OpenMetrics has an end, and counters whose family lacks the ending", () => {
    const counter = family({ name: "firn_x_total", type: "counter" })
    expect(expositionOf([counter], OPEN_METRICS)).toBe(
      "# HELP firn_x What it is.\n# TYPE firn_x counter\nfirn_x_total 1\n# EOF\n",
    )
    expect(expositionOf([counter], PROMETHEUS)).toContain("# TYPE firn_x_total counter\n")
  })

  test("escapes what would end a line or a label", () => {
    const reading = [{ labels: { a: 'x"\\\n' }, value: 1 }]
    const text = expositionOf([family({ help: 'a "b"\\\n', reading })], OPEN_METRICS)
    expect(text).toStartWith(String.raw`# HELP firn_x a \"b\"\\\n.`)
    expect(text).toContain(String.raw`firn_x{a="x\"\\\n"} 1`)
    expect(expositionOf([family({ help: 'a "b"' })], PROMETHEUS)).toStartWith(
      '# HELP firn_x a "b".',
    )
  })

  test.each([
    [Infinity, "+Inf"],
    [-Infinity, "-Inf"],
    [NaN, "NaN"],
    [1e21, "1e+21"],
    [1787225600.5, "1787225600.5"],
  ])("writes %p as %s", (value, text) => {
    expect(expositionOf([family({ reading: value })], PROMETHEUS)).toEndWith(`firn_x ${text}\n`)
  })

  test("has a histogram cumulated, with its sum and count", () => {
    const reading = new Histogram([0.5, 1, 2.5])
    for (const value of [0.1, 0.5, 0.7, 2, 9]) reading.observe(value)
    const text = expositionOf([family({ type: "histogram", reading })], OPEN_METRICS)
    expect(text.split("\n").slice(2)).toEqual([
      'firn_x_bucket{le="0.5"} 2',
      'firn_x_bucket{le="1.0"} 3',
      'firn_x_bucket{le="2.5"} 4',
      'firn_x_bucket{le="+Inf"} 5',
      "firn_x_sum 12.3",
      "firn_x_count 5",
      "# EOF",
      "",
    ])
  })
})
