import { describe, expect, test } from "bun:test"
import { counterOf, patternOf } from "../../../bench/load/dialects.ts"
import type { MixPart, Workload } from "../../../bench/load/workload.ts"
import { Op, requestCount, requestOp, requestTarget } from "../../../protocol/index.ts"

function workload(protocol: Workload["protocol"], mix: readonly MixPart[] = []): Workload {
  const size = {
    tls: false,
    connections: 1,
    depth: 1,
    burst: 1,
    count: 3,
    seconds: 1,
    warmUpSeconds: 0,
  }
  const rest = { ratePerSecond: undefined, serverPid: undefined }
  return { host: "127.0.0.1", port: 1, protocol, mix, ...size, ...rest }
}

/** Hands over the bytes in chunks of a size. @returns how many answers were counted */
function countIn(protocol: Workload["protocol"], bytes: Uint8Array, size: number) {
  const counter = counterOf(workload(protocol))
  let answers = 0
  for (let at = 0; at < bytes.length; at += size)
    answers += counter.take(bytes.slice(at, at + size))
  return { answers, refused: counter.refused }
}

describe("the requests", () => {
  test("are mixed evenly by their shares", () => {
    const { bytes, length, requestSize } = patternOf(
      workload("firn", [
        { op: "LOCAL", share: 3 },
        { op: "NODE", target: 7, share: 1 },
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

  test("of keys are of many keys", () => {
    const { bytes, length } = patternOf(workload("firn", [{ op: "KEY", share: 1 }]))
    const keys = new Set<number>()
    for (let at = 0; at < length; at += 8) keys.add(requestTarget(bytes, at))
    expect(keys.size).toBeGreaterThan(4_000)
  })

  test("lie twice in a row, so that any stretch of them is one piece", () => {
    const { bytes, length } = patternOf(workload("resp"))
    expect(bytes.length).toBe(length * 2)
    expect(bytes.slice(0, length)).toEqual(bytes.slice(length))
  })
})

describe("answers are counted and refusals seen", () => {
  const frames = new Uint8Array(9 * 10).fill(5)
  for (let i = 0; i < 10; i++) frames[i * 9] = i === 4 ? 1 : 0
  const lines = new TextEncoder().encode(":1\r\n:22\r\n-ERR no\r\n:333333333\r\n")

  test.each([1, 2, 5, 8, 9, 10, 17, 90])("of frames in chunks of %d", (size) => {
    expect(countIn("firn", frames, size)).toEqual({ answers: 10, refused: 1 })
  })

  test.each([1, 2, 3, 7, 100])("of Redis's lines in chunks of %d", (size) => {
    expect(countIn("resp", lines, size)).toEqual({ answers: 4, refused: 1 })
  })

  const words = new TextEncoder().encode("12\nERR OVERLOADED\n345\n")
  test.each([1, 2, 5, 100])("of lines of text in chunks of %d", (size) => {
    expect(countIn("text", words, size)).toEqual({ answers: 3, refused: 1 })
  })

  const answer = (status: string, body: string) =>
    `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const http = new TextEncoder().encode(
    answer("200 OK", "12\n") + answer("503 Service Unavailable", "no\n") + answer("200 OK", "3\n"),
  )
  test.each([1, 2, 3, 9, 40, 1_000])("of HTTP in chunks of %d", (size) => {
    expect(countIn("http", http, size)).toEqual({ answers: 3, refused: 1 })
  })
})
