import { describe, expect, test } from "bun:test"
import { counterOf } from "../../../server/load/answers.ts"
import type { Workload } from "../../../server/load/workload.ts"
import { workloadOf } from "./workloads.ts"

const encoder = new TextEncoder()

/** Hands over the bytes in chunks of a size. @returns how many answers were counted */
function countIn(protocol: Workload["protocol"], bytes: Uint8Array, size: number, count = 1) {
  const counter = counterOf(workloadOf(protocol, [], count))
  let answers = 0
  for (let at = 0; at < bytes.length; at += size)
    answers += counter.take(bytes.slice(at, at + size))
  return { answers, refused: counter.refused, refusal: counter.refusal }
}

describe("answers are counted, and refusals seen", () => {
  const frames = new Uint8Array(9 * 10).fill(6)
  for (let i = 0; i < 10; i++) frames[i * 9] = i === 4 ? 5 : 0

  test.each([1, 2, 5, 8, 9, 10, 17, 90])("of frames in chunks of %d", (size) => {
    expect(countIn("frames", frames, size)).toEqual({
      answers: 10,
      refused: 1,
      refusal: "OVERLOADED",
    })
  })

  const integers = encoder.encode(":1\r\n:22\r\n-ERR no\r\n:333333333\r\n")
  const bulks = encoder.encode("$1\r\n1\r\n$2\r\n22\r\n-ERR no\r\n-ERR more\r\n$2\r\n33\r\n")
  const arrays = encoder.encode(
    "*2\r\n$1\r\n1\r\n$1\r\n2\r\n-ERR no\r\n*2\r\n$1\r\n3\r\n$1\r\n4\r\n",
  )
  test.each([1, 2, 3, 7, 100])("of Redis's lines in chunks of %d", (size) => {
    const refusal = "-ERR no"
    expect(countIn("redis", integers, size)).toEqual({ answers: 4, refused: 1, refusal })
    expect(countIn("redis", bulks, size)).toEqual({ answers: 5, refused: 2, refusal })
    expect(countIn("redis", arrays, size, 2)).toEqual({ answers: 3, refused: 1, refusal })
  })

  const words = encoder.encode("12\nERR OVERLOADED\n345\n")
  const pairs = encoder.encode("12\n13\nERR OVERLOADED\n345\n346\n")
  test.each([1, 2, 5, 100])("of lines of text in chunks of %d", (size) => {
    const refusal = "ERR OVERLOADED"
    expect(countIn("text", words, size)).toEqual({ answers: 3, refused: 1, refusal })
    expect(countIn("text", pairs, size, 2)).toEqual({ answers: 3, refused: 1, refusal })
  })

  const answer = (status: string, body: string) =>
    `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const http = (ids: string) =>
    encoder.encode(
      answer("200 OK", ids) + answer("503 Service Unavailable", "no\n") + answer("200 OK", ids),
    )
  test.each([1, 2, 3, 9, 40, 1_000])("of HTTP in chunks of %d", (size) => {
    const refusal = "503 Service Unavailable"
    expect(countIn("http", http("12\n"), size)).toEqual({ answers: 3, refused: 1, refusal })
    expect(countIn("http", http("12\n13\n"), size, 2)).toEqual({ answers: 3, refused: 1, refusal })
  })
})
