import { describe, expect, test } from "bun:test"
import {
  NO_FAULT,
  Op,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  Status,
  requestFault,
} from "../../../../protocol/index.ts"
import { BATCH_SIZE } from "../../../../server/transport/write-batch.ts"
import { FakeClient, START_NUMBER, cutAt } from "../../../support/fake-client.ts"
import { requests } from "../../../support/tcp-client.ts"
import type { Answer, RequestFields } from "../../../support/tcp-client.ts"
import { NODE_ID } from "../../../support/virtual-node.ts"

const PING: RequestFields = { op: Op.PING, count: 0 }
const PONG: Answer = { status: Status.OK, value: (BigInt(NODE_ID) << 48n) + START_NUMBER }
/** How many ids make a batch full, and how many other requests are answered in one turn. */
const BATCH = Math.ceil(BATCH_SIZE / RESPONSE_SIZE)
const PINGS = 1_024

/** One request of every kind, good and bad. */
const MEDLEY = requests([
  { op: Op.LOCAL },
  { op: Op.NODE, target: NODE_ID, count: 100 },
  { op: Op.NODE, target: 9 },
  { op: Op.NODE, target: 9, flags: 1 },
  { op: Op.RANDOM, count: 4_096 },
  { op: Op.KEY, target: 0xdead_beef },
  PING,
  { op: Op.EPOCH, count: 0 },
  { op: Op.CLOCK, count: 0 },
  { op: 0x63, count: 7, target: 7 },
  { op: Op.LOCAL, count: 0 },
  { op: Op.LOCAL, flags: 1, count: 3 },
])

function answersTo(...chunks: Uint8Array[]): Answer[] {
  const client = new FakeClient()
  client.send(...chunks)
  return client.answers
}

describe("a chunk of requests", () => {
  test("is answered with one write", () => {
    const client = new FakeClient()
    for (const count of [1, 2, 100, 5_000]) {
      client.writes.length = 0
      client.send(requests(Array<RequestFields>(count).fill({ op: Op.LOCAL })))
      expect(client.writes).toEqual([count * RESPONSE_SIZE])
    }
  })

  test("is answered with one write when a frame straddles it and the one before", () => {
    const client = new FakeClient()
    const [head, tail] = cutAt(requests([PING, PING, PING, PING]), 13)
    client.send(head!)
    client.send(tail!)
    expect(client.writes).toEqual([RESPONSE_SIZE, 3 * RESPONSE_SIZE])
    expect(client.answers).toEqual([PONG, PONG, PONG, PONG])
  })

  test("that holds no whole frame is not answered at all", () => {
    const client = new FakeClient()
    client.send(requests([PING]).subarray(0, 7))
    expect([client.writes, client.calls]).toEqual([[], []])
  })

  test("gets the clock read once", () => {
    const client = new FakeClient()
    const { environment } = client.server.node
    environment.wallReads = 0
    client.send(requests(Array<RequestFields>(1_000).fill({ op: Op.LOCAL })))
    expect(environment.wallReads).toBe(1)
  })

  test.each([
    ["this node's ids", { op: Op.LOCAL }, BATCH],
    ["anything else", PING, PINGS],
    ["what is wrong", { op: 9 }, PINGS],
  ] as const)("for %s is answered a slice a turn, none left out", (_, request, slice) => {
    const client = new FakeClient()
    client.send(requests(Array<RequestFields>(2 * slice + 7).fill(request)))
    expect(client.writes).toEqual([slice * RESPONSE_SIZE])
    client.server.node.environment.advance(0)
    expect(client.writes).toEqual([slice, slice, 7].map((count) => count * RESPONSE_SIZE))
    expect(client.answers.length).toBe(2 * slice + 7)
    expect(client.calls).toEqual(["pause", "resume"])
  })
})

describe("the answers are the same", () => {
  const whole = answersTo(MEDLEY)

  test("with one of each kind, in the order of the requests", () => {
    expect(whole.map(({ status }) => status)).toEqual([0, 0, 2, 8, 0, 0, 0, 0, 0, 1, 1, 0])
  })

  test("wherever the requests are cut in two", () => {
    for (let at = 0; at <= MEDLEY.length; at++) {
      expect(answersTo(...cutAt(MEDLEY, at))).toEqual(whole)
    }
  })

  test("byte by byte", () => {
    const bytes = Array.from(MEDLEY, (byte) => Uint8Array.of(byte))
    expect(answersTo(...bytes)).toEqual(whole)
  })
})

/** The oracle for a request with target 0. It relies on `requestFault`, which has its own tests. */
function expectedStatus(op: number, flags: number, count: number): number {
  if (requestFault(op, flags, count, 0) !== NO_FAULT) return Status.BAD_REQUEST
  if (op !== Op.NODE) return Status.OK
  return flags === 1 ? Status.WRONG_NODE : Status.UNKNOWN_NODE
}

test("no op with any flags takes the connection out of step", () => {
  const client = new FakeClient()
  // The first byte of a connection decides what it speaks.
  client.send(requests([PING]))
  const wrong: string[] = []
  for (const count of [0, 1]) {
    for (let op = 0; op < 256; op++) {
      client.forget()
      client.send(
        requests(Array.from({ length: 256 }, (_, flags) => [{ op, flags, count }, PING]).flat()),
      )
      const { answers } = client
      for (let flags = 0; flags < 256; flags++) {
        const { status } = answers[2 * flags]!
        const isInStep = answers[2 * flags + 1]!.value === PONG.value
        if (!isInStep || status !== expectedStatus(op, flags, count)) {
          wrong.push(`op ${op} flags ${flags} count ${count}: ${status}`)
        }
      }
    }
  }
  expect(wrong).toEqual([])
})

describe("the first byte of a connection", () => {
  test.each([0x00, 0x01, 0x07, 0x0a, 0x0d, 0x1f, 0x7f, 0x80, 0xff])(
    "%d begins frames",
    (firstByte) => {
      const client = new FakeClient()
      const request = requests([{ op: firstByte }])
      client.send(request, requests([PING]))
      const expected = firstByte === 1 ? Status.OK : Status.BAD_REQUEST
      expect(client.answers.map(({ status }) => status)).toEqual([expected, Status.OK])
    },
  )

  test("alone decides: printable frames later on are frames", () => {
    const client = new FakeClient()
    client.send(requests([PING]))
    client.send("lunique\n")
    expect(client.answers[1]).toEqual({ status: Status.BAD_REQUEST, value: 0n })
    expect(client.answers.length * REQUEST_SIZE).toBe(16)
  })
})
