import { describe, expect, test } from "bun:test"
import { Op, keyHash, requestCount, requestOp, requestTarget } from "../../../protocol/index.ts"
import { patternOf } from "../../../server/load/requests.ts"
import type { MixPart, Workload } from "../../../server/load/workload.ts"
import { workloadOf } from "./workloads.ts"

/** The first request of a workload, as a text. */
function first(protocol: Workload["protocol"], part: Omit<MixPart, "share">, count = 1): string {
  const { bytes, requestSize } = patternOf(workloadOf(protocol, [{ ...part, share: 1 }], count))
  return new TextDecoder().decode(bytes.slice(0, requestSize))
}

describe("frames", () => {
  test("are mixed evenly by their shares", () => {
    const { bytes, length, requestSize } = patternOf(
      workloadOf("frames", [
        { op: "LOCAL", share: 3 },
        { op: "NODE", node: 7, share: 1 },
      ]),
    )
    const requests = Array.from({ length: length / requestSize }, (_, i) => {
      const at = i * requestSize
      return [requestOp(bytes, at), requestTarget(bytes, at), requestCount(bytes, at)]
    })
    for (let i = 0; i < requests.length; i += 4) {
      const four = requests.slice(i, i + 4).toSorted((a, b) => a[0]! - b[0]!)
      const local = [Op.LOCAL, 0, 3]
      expect(four).toEqual([local, local, local, [Op.NODE, 7, 3]])
    }
  })

  test("of keys are of many keys, or of the one that is named", () => {
    const many = patternOf(workloadOf("frames", [{ op: "KEY", share: 1 }]))
    const keys = new Set<number>()
    for (let at = 0; at < many.length; at += 8) keys.add(requestTarget(many.bytes, at))
    expect(keys.size).toBeGreaterThan(4_000)
    const one = patternOf(workloadOf("frames", [{ op: "KEY", key: "ids", share: 1 }]))
    expect(requestTarget(one.bytes, 800)).toBe(keyHash("ids"))
  })
})

describe("requests in text", () => {
  test.each<[Workload["protocol"], Omit<MixPart, "share">, number, string]>([
    ["redis", { op: "LOCAL" }, 1, "*2\r\n$3\r\nGET\r\n$5\r\nlocal\r\n"],
    ["redis", { op: "NODE", node: 7 }, 1, "*2\r\n$3\r\nGET\r\n$6\r\nnode:7\r\n"],
    ["redis", { op: "RANDOM" }, 5, "*3\r\n$8\r\nFIRN.IDS\r\n$1\r\n5\r\n$6\r\nrandom\r\n"],
    ["redis", { op: "KEY", key: "ids" }, 1, "*2\r\n$4\r\nINCR\r\n$3\r\nids\r\n"],
    ["redis", { op: "KEY", key: "ü" }, 10, "*3\r\n$6\r\nINCRBY\r\n$2\r\nü\r\n$2\r\n10\r\n"],
    ["http", { op: "LOCAL" }, 1, "GET /lunique HTTP/1.1\r\nHost: firn\r\n\r\n"],
    ["http", { op: "LOCAL" }, 2, "GET /lunique?n=2 HTTP/1.1\r\nHost: firn\r\n\r\n"],
    [
      "http",
      { op: "KEY", key: "a b" },
      2,
      "GET /dunique?target=key%3Aa+b&n=2 HTTP/1.1\r\nHost: firn\r\n\r\n",
    ],
    ["text", { op: "LOCAL" }, 1, "lunique\n"],
    ["text", { op: "NODE", node: 7 }, 3, "dunique node:7 3\n"],
    ["text", { op: "RANDOM" }, 1, "dunique random\n"],
  ])("of %s for %j, %d ids", (protocol, part, count, expected) => {
    expect(first(protocol, part, count)).toBe(expected)
  })

  test("all have the same size, also of many keys", () => {
    const { bytes, requestSize } = patternOf(workloadOf("redis", [{ op: "KEY", share: 1 }], 1))
    const texts = [0, 1, 999, 4_095].map((i) =>
      new TextDecoder().decode(bytes.slice(i * requestSize, (i + 1) * requestSize)),
    )
    expect(texts).toEqual(
      ["0000", "0001", "0999", "4095"].map(
        (number) => `*2\r\n$4\r\nINCR\r\n$9\r\nuser:${number}\r\n`,
      ),
    )
  })

  test("are of one kind", () => {
    const two: MixPart[] = [
      { op: "LOCAL", share: 1 },
      { op: "RANDOM", share: 1 },
    ]
    expect(() => patternOf(workloadOf("redis", two))).toThrow("only frames can be mixed")
  })
})

test("requests lie twice in a row, so that any stretch of them is one piece", () => {
  const { bytes, length } = patternOf(workloadOf("redis"))
  expect(bytes.length).toBe(length * 2)
  expect(bytes.slice(0, length)).toEqual(bytes.slice(length))
})
