import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { FLAG_FORWARDED, Op, REQUEST_SIZE, RESPONSE_SIZE, Status } from "../../../protocol/index.ts"
import { LINK_IN_FLIGHT_MAX } from "../../../server/peers/link.ts"
import { Waiting, WiredLink } from "../../support/wired-link.ts"
import { responseBytes } from "../../support/fake-peer.ts"

const ALL_STATUSES = Object.values(Status)

describe("a link writes", () => {
  test("the requests of one turn at once, and those of the next apart", () => {
    const wired = new WiredLink()
    wired.environment.advance(5)
    wired.ask(3)
    wired.ask(4)
    expect(wired.wire.writes).toEqual([])
    wired.environment.advance(0)
    expect(wired.wire.writes).toEqual([7 * REQUEST_SIZE])
    wired.ask(1)
    wired.environment.advance(0)
    expect(wired.wire.writes).toEqual([7 * REQUEST_SIZE, REQUEST_SIZE])
  })

  test("what was asked while it connected in one go, as soon as it is open", () => {
    const wired = new WiredLink()
    wired.ask(100)
    wired.environment.advance(0)
    wired.ask(200)
    wired.environment.advance(1)
    expect(wired.wire.writes).toEqual([300 * REQUEST_SIZE])
    wired.environment.advance(1)
    expect(wired.received.length).toBe(300)
  })

  test("every field as it was given, flagged as forwarded", () => {
    const wired = new WiredLink()
    wired.link.send(Op.NODE, 4_096, 1_023, new Waiting(), 0, 100)
    wired.link.send(Op.CLOCK, 0, 0, new Waiting(), 0, 100)
    wired.environment.advance(5)
    expect(wired.received).toEqual([
      { op: Op.NODE, flags: FLAG_FORWARDED, count: 4_096, target: 1_023 },
      { op: Op.CLOCK, flags: FLAG_FORWARDED, count: 0, target: 0 },
    ])
  })

  test("all of it in order, however little the socket takes", () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 200 }), (accepts, count) => {
        const wired = new WiredLink()
        wired.environment.advance(5)
        wired.wire.accept = (length) => accepts.shift() ?? length
        for (let i = 0; i < count; i++) {
          wired.link.send(Op.NODE, 1, i, new Waiting(), 0, 1e9)
          if (i % 3 === 0) wired.environment.advance(0)
        }
        for (let i = 0; i < 100 && wired.received.length < count; i++) {
          wired.wire.drain()
          wired.environment.advance(2)
        }
        const targets = wired.received.map(({ target }) => target)
        expect(targets).toEqual(Array.from({ length: count }, (_, i) => i))
      }),
      { numRuns: 100 },
    )
  })

  test("nothing more while the socket has no room", () => {
    const wired = new WiredLink()
    wired.environment.advance(5)
    wired.wire.accept = () => 3
    wired.ask(1)
    wired.environment.advance(0)
    wired.ask(50)
    wired.environment.advance(10)
    expect(wired.wire.writes).toEqual([8])
    wired.wire.accept = (length) => length
    wired.wire.drain()
    expect(wired.wire.writes).toEqual([8, 5, 400])
  })
})

describe("answers", () => {
  test("go to those that asked in the order they asked, wherever they are cut", () => {
    const answers = Array.from({ length: 6 }, (_, i) => responseBytes(i % 9, BigInt(i) << 33n))
    const bytes = Uint8Array.from(answers.flatMap((answer) => [...answer]))
    for (let first = 0; first <= bytes.length; first++) {
      for (const second of [first, Math.min(first + 4, bytes.length), bytes.length]) {
        const wired = new WiredLink()
        const waiting = wired.ask(6)
        wired.environment.advance(5)
        wired.wire.send(bytes.subarray(0, first), bytes.subarray(first, second))
        wired.wire.send(bytes.subarray(second))
        wired.environment.advance(5)
        expect(waiting.map(({ ends }) => ends)).toEqual(
          answers.map((_, i) => [`answered ${i % 9} ${i * 2} 0`]),
        )
      }
    }
  })

  test("may come one byte at a time", () => {
    const wired = new WiredLink()
    const waiting = wired.ask(20)
    wired.environment.advance(5)
    for (const [i] of waiting.entries()) {
      for (const byte of responseBytes(0, BigInt(i))) wired.wire.send(Uint8Array.of(byte))
    }
    wired.environment.advance(5)
    expect(waiting.map(({ ends }) => ends)).toEqual(waiting.map((_, i) => [`answered 0 0 ${i}`]))
    expect(wired.closings).toEqual([])
  })

  test("that come too late are dropped, and the next goes to the next", () => {
    const wired = new WiredLink()
    const [first, second] = [wired.ask(1, 50)[0]!, wired.ask(1, 900)[0]!]
    wired.environment.advance(60)
    wired.link.expire(wired.environment.monotonicMs())
    expect(first.ends).toEqual([`lost ${Status.TIMEOUT} 60`])
    expect(wired.link.inFlight).toBe(2)
    wired.wire.send(responseBytes(0, 1n), responseBytes(0, 2n))
    wired.environment.advance(5)
    expect([first.ends.length, second.ends]).toEqual([1, ["answered 0 0 2"]])
    expect(wired.link.inFlight).toBe(0)
  })

  test.each(ALL_STATUSES)("of status %d are passed on", (status) => {
    const wired = new WiredLink()
    const [waiting] = wired.ask(1)
    wired.environment.advance(5)
    wired.wire.send(responseBytes(status, (5n << 32n) | 6n))
    wired.environment.advance(5)
    expect(waiting!.ends).toEqual([`answered ${status} 5 6`])
  })
})

test("more than 65,536 requests in flight are refused at once", () => {
  const wired = new WiredLink()
  expect(LINK_IN_FLIGHT_MAX).toBe(65_536)
  const waiting = wired.ask(LINK_IN_FLIGHT_MAX)
  const refused = new Waiting()
  expect(wired.link.send(Op.NODE, 1, 1, refused, 0, 1e9)).toBe(false)
  wired.environment.advance(5)
  expect(wired.received.length).toBe(LINK_IN_FLIGHT_MAX)
  wired.wire.send(new Uint8Array(RESPONSE_SIZE))
  wired.environment.advance(5)
  expect(wired.link.send(Op.NODE, 1, 1, new Waiting(), 0, 1e9)).toBe(true)
  expect([refused.ends, waiting[0]!.ends.length, waiting[1]!.ends.length]).toEqual([[], 1, 0])
})
