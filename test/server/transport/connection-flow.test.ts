import { expect, test } from "bun:test"
import fc from "fast-check"
import { COUNT_MAX, NO_FAULT, Op, Status, requestFault } from "../../../protocol/index.ts"
import { FakeClient, utf8 } from "../../support/fake-client.ts"
import { requests } from "../../support/tcp-client.ts"
import type { Answer } from "../../support/tcp-client.ts"
import { NODE_ID } from "../../support/virtual-node.ts"

interface Request {
  readonly op: number
  readonly flags: number
  readonly count: number
  readonly target: number
}

/** What the network and the reader on the other side do, one entry an event, over and over. */
interface Weather {
  /** Where the stream is cut: sizes of chunks. */
  readonly chunks: readonly number[]
  /** How much each write accepts. */
  readonly accepted: readonly number[]
}

/** More than any walk needs; a walk that gets here hangs. */
const EVENTS_MAX = 200_000

const requestsOfAnyKind: fc.Arbitrary<Request> = fc.record({
  op: fc.oneof(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 0, max: 255 })),
  flags: fc.constantFrom(0, 0, 0, 1, 2),
  count: fc.constantFrom(0, 1, 1, 7, 1_000, COUNT_MAX, COUNT_MAX + 1),
  target: fc.constantFrom(0, 0, NODE_ID, 9),
})

/** @param parts how much a write may accept */
function weathers(...parts: number[]): fc.Arbitrary<Weather> {
  return fc.record({
    chunks: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 }),
    accepted: fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 20 }),
  })
}

/** Sends the bytes as a socket would: only while it is not paused; and drains, and lets time pass. */
function run(bytes: Uint8Array, { chunks, accepted }: Weather, client: FakeClient): void {
  const { environment } = client.server.node
  let writes = 0
  let refused = 0
  let isFull = false
  client.accept = (length) => {
    const part = accepted[writes++ % accepted.length]!
    // A socket takes something in the end, however slow its reader is.
    refused = part === 0 ? refused + 1 : 0
    const taken = Math.min(refused > 2 ? 61 : part, length)
    isFull = taken < length
    return taken
  }
  let at = 0
  for (let event = 0; at < bytes.length || client.paused; event++) {
    if (event > EVENTS_MAX) throw new Error(`stuck at byte ${at}`)
    if (isFull) {
      isFull = false
      client.connection.drained()
    } else if (client.paused) environment.advance(1)
    else {
      const size = chunks[event % chunks.length]!
      client.send(bytes.subarray(at, at + size))
      at += size
    }
  }
}

/** Holds one answer against its request; the oracle. @returns the first id, when it holds ids */
function check(
  { op, flags, count, target }: Request,
  { status, value }: Answer,
): bigint | undefined {
  const fault = requestFault(op, flags, count, target)
  if (fault !== NO_FAULT) {
    expect([status, value]).toEqual([Status.BAD_REQUEST, BigInt(fault)])
  } else if (op === Op.NODE && target !== NODE_ID) {
    const isForwarded = flags === 1
    expect(status).toBe(isForwarded ? Status.WRONG_NODE : Status.UNKNOWN_NODE)
    expect(value).toBe(BigInt(isForwarded ? NODE_ID : target))
  } else {
    expect(status).toBe(Status.OK)
    return op >= Op.PING ? undefined : value
  }
  return undefined
}

test("however slowly and in whatever parts a client reads, each request has its answer, in order", () => {
  const lists = fc.array(requestsOfAnyKind, { minLength: 1, maxLength: 120, size: "max" })
  fc.assert(
    fc.property(lists, weathers(0, 1, 4, 8, 9, 13, 100, 5_000), (list, weather) => {
      const client = new FakeClient()
      // A connection that begins with a printable byte would be one of text.
      const all: Request[] = [{ op: Op.PING, flags: 0, count: 0, target: 0 }, ...list]
      run(requests(all), weather, client)
      const { answers } = client
      expect(answers.length).toBe(all.length)
      let last = 0n
      for (const [i, request] of all.entries()) {
        const id = check(request, answers[i]!)
        if (id === undefined) continue
        expect(id).toBeGreaterThan(last)
        last = id + BigInt(request.count) - 1n
      }
      expect(client.bytes.length).toBe(9 * all.length)
    }),
    { numRuns: 300, includeErrorInReport: true },
  )
})

test("however slowly and in whatever parts a person reads, each line has its answer, in order", () => {
  const commands = fc.constantFrom(
    "dunique node 9",
    "epoch",
    "nonsense",
    "lunique",
    "lunique 40",
    "lunique 1500",
  )
  const lists = fc.array(commands, { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(lists, weathers(0, 7, 100, 5_000), (list, weather) => {
      const calm = new FakeClient()
      const expected: string[] = []
      for (const command of list) {
        calm.forget()
        calm.send(`${command}\r\n`)
        calm.server.node.environment.advance(1_000)
        expected.push(calm.text.replaceAll(/^[0-9]{16,}$/gm, "id"))
      }
      const client = new FakeClient()
      // Few ids a millisecond from now on, so that some lines have to wait.
      client.server.node.takeAll(4_096)
      run(utf8(list.map((command) => `${command}\n`).join("")), weather, client)
      expect(client.text.replaceAll(/^[0-9]{16,}$/gm, "id")).toBe(expected.join(""))
      const ids = client.text.match(/^[0-9]{16,}$/gm) ?? []
      expect(new Set(ids).size).toBe(ids.length)
    }),
    { numRuns: 60, includeErrorInReport: true },
  )
})
