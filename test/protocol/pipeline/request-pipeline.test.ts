import { describe, expect, test } from "bun:test"
import {
  FLAG_FORWARDED,
  Op,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  RequestPipeline,
  STATUSES,
  Status,
} from "../../../protocol/index.ts"
import { RecordingReceiver } from "../../support/recording-receiver.ts"
import type { Request } from "../../support/recording-receiver.ts"
import { responseBytes } from "../../support/fake-peer.ts"

const IN_FLIGHT_MAX = 256

interface Made {
  readonly pipeline: RequestPipeline<Request>
  readonly heard: string[]
}

function make(flags = 0): Made {
  const receiver = new RecordingReceiver()
  const pipeline = new RequestPipeline<Request>(receiver, flags, IN_FLIGHT_MAX)
  receiver.pipeline = pipeline
  return { pipeline, heard: receiver.heard }
}

function send({ pipeline }: Made, name: number, nowMs = 0, deadlineMs = Infinity): boolean {
  return pipeline.send(Op.LOCAL, 1, 0, { name }, nowMs, deadlineMs)
}

/** Sends requests that are named 0, 1, and so on. */
function made(count: number, flags = 0): Made {
  const one = make(flags)
  for (let name = 0; name < count; name++) send(one, name)
  return one
}

/** Answers with these values, all of them OK. */
function answers(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [...responseBytes(Status.OK, BigInt(value))]))
}

describe("answers", () => {
  test("belong to the requests in their order, wherever a chunk ends", () => {
    const bytes = answers(10, 11, 12, 13)
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        const { pipeline, heard } = made(4)
        pipeline.receive(bytes.subarray(0, first))
        pipeline.receive(bytes.subarray(first, second))
        pipeline.receive(bytes.subarray(second))
        expect(heard).toEqual(["0: 0 0 10", "1: 0 0 11", "2: 0 0 12", "3: 0 0 13"])
        expect(pipeline.inFlight).toBe(0)
      }
    }
  })

  test("may come one byte at a time", () => {
    const { pipeline, heard } = made(2)
    for (const byte of answers(5, 6)) pipeline.receive(Uint8Array.of(byte))
    expect(heard).toEqual(["0: 0 0 5", "1: 0 0 6"])
  })

  test.each(STATUSES.map(({ name }) => name))("of status %s are handed on", (name) => {
    const { pipeline, heard } = made(1)
    pipeline.receive(responseBytes(Status[name], 0x0102_0304_0506_0708n))
    expect(heard).toEqual([`0: ${Status[name]} 16909060 84281096`])
  })

  test("to a request without an owner are handed on without one", () => {
    const one = make()
    one.pipeline.send(Op.EPOCH, 0, 0, undefined, 0, Infinity)
    send(one, 1)
    one.pipeline.receive(answers(7, 8))
    expect(one.heard).toEqual(["nobody: 0 0 7", "1: 0 0 8"])
  })

  test.each([9, 10, 72, 255])(
    "of status %d, which there is not, are told with their request still in flight",
    (code) => {
      const { pipeline, heard } = made(3)
      pipeline.receive(Uint8Array.of(...answers(1), ...responseBytes(code, 0n), ...answers(2)))
      expect(heard).toEqual(["0: 0 0 1", `unknown status ${code}`])
      expect([pipeline.inFlight, pipeline.shift()?.name]).toEqual([2, 1])
    },
  )

  test("that nobody asked for are told as such, whatever their status", () => {
    for (const status of [Status.OK, Status.TIMEOUT, 9, 255]) {
      const { pipeline, heard } = made(1)
      pipeline.receive(Uint8Array.of(...answers(1), ...responseBytes(status, 2n), ...answers(3)))
      expect(heard).toEqual(["0: 0 0 1", "unasked"])
    }
  })
})

describe("a request whose deadline has come", () => {
  test("is told how long it has waited, once", () => {
    const one = make()
    send(one, 0, 0, 50)
    send(one, 1, 20.4, 60)
    send(one, 2, 20.4, 61)
    one.pipeline.expire(49)
    expect(one.heard).toEqual([])
    one.pipeline.expire(60)
    one.pipeline.expire(60)
    expect(one.heard).toEqual(["0 waited 60", "1 waited 40"])
    expect(one.pipeline.earliestDeadlineMs()).toBe(61)
  })

  test("keeps its place, so that its late answer is not taken for the next one's", () => {
    const one = make()
    send(one, 0, 0, 50)
    send(one, 1, 10, 900)
    one.pipeline.expire(60)
    expect([one.pipeline.inFlight, one.pipeline.oldestMs]).toEqual([2, 0])
    one.pipeline.receive(answers(5, 6))
    expect(one.heard).toEqual(["0 waited 60", "nobody: 0 0 5", "1: 0 0 6"])
    expect([one.pipeline.inFlight, one.pipeline.oldestMs]).toEqual([0, Infinity])
  })
})

describe("what is unsent", () => {
  test("has the flags of the pipeline in every request", () => {
    const { pipeline } = made(2, FLAG_FORWARDED)
    const { unsent } = pipeline
    expect(unsent.bytes.slice(0, unsent.length).toHex()).toBe("0101000100000000".repeat(2))
  })

  test("grows to as many requests as may be in flight, and one more is refused", () => {
    const one = made(IN_FLIGHT_MAX)
    expect(one.pipeline.unsent.length).toBe(IN_FLIGHT_MAX * REQUEST_SIZE)
    expect(send(one, IN_FLIGHT_MAX)).toBe(false)
    expect(one.pipeline.unsent.length).toBe(IN_FLIGHT_MAX * REQUEST_SIZE)
    one.pipeline.receive(new Uint8Array(RESPONSE_SIZE))
    expect(send(one, IN_FLIGHT_MAX)).toBe(true)
  })
})

describe("a closed pipeline", () => {
  test("reads nothing more, and keeps what was in flight", () => {
    const one = made(2)
    one.pipeline.close()
    one.pipeline.receive(answers(1, 2))
    expect([one.heard, one.pipeline.inFlight]).toEqual([[], 2])
    expect([one.pipeline.shift()?.name, one.pipeline.shift()?.name]).toEqual([0, 1])
  })

  test("leaves what is behind the answer that closed it", () => {
    const receiver = new RecordingReceiver()
    const pipeline = new RequestPipeline<Request>(receiver, 0, IN_FLIGHT_MAX)
    receiver.pipeline = pipeline
    pipeline.send(Op.LOCAL, 1, 0, { name: 0 }, 0, Infinity)
    pipeline.send(Op.LOCAL, 1, 0, { name: 1, closes: true }, 0, Infinity)
    pipeline.send(Op.LOCAL, 1, 0, { name: 2 }, 0, Infinity)
    pipeline.receive(answers(5, 6, 7))
    pipeline.receive(answers(8))
    expect([receiver.heard, pipeline.inFlight]).toEqual([["0: 0 0 5", "1: 0 0 6"], 1])
  })
})
