import { describe, expect, test } from "bun:test"
import { Status } from "../../../protocol/index.ts"
import { responseBytes } from "../../support/fake-peer.ts"
import { LINK_ADDRESS, STALL_MS, Waiting, WiredLink } from "../../support/wired-link.ts"

const LOST = [`lost ${Status.NODE_DOWN} 0`]

function connected(): WiredLink {
  const wired = new WiredLink()
  wired.environment.advance(5)
  return wired
}

describe("a link is closed", () => {
  test("by an answer that was not asked for", () => {
    const wired = connected()
    wired.wire.send(responseBytes(0, 1n))
    wired.environment.advance(5)
    expect(wired.closings).toEqual(["it answered what was not asked"])
    expect([wired.link.isClosed, wired.isEnded]).toEqual([true, true])
  })

  test("by one answer more than it asked for, after the others were told theirs", () => {
    const wired = connected()
    const waiting = wired.ask(2)
    wired.environment.advance(2)
    wired.wire.send(new Uint8Array(30))
    wired.environment.advance(5)
    expect(waiting.map(({ ends }) => ends)).toEqual([["answered 0 0 0"], ["answered 0 0 0"]])
    expect(wired.closings).toEqual(["it answered what was not asked"])
  })

  test.each([9, 72, 255])("by an answer of status %d, which there is not", (status) => {
    const wired = connected()
    const waiting = wired.ask(3)
    wired.environment.advance(2)
    wired.wire.send(responseBytes(0, 7n), responseBytes(status, 0n), responseBytes(0, 8n))
    wired.environment.advance(5)
    expect(wired.closings).toEqual([`status ${status}`])
    expect(waiting.map(({ ends }) => ends)).toEqual([["answered 0 0 7"], LOST, LOST])
  })

  test("when it cannot be opened within 750 ms, and when it opens after that it is not used", () => {
    const late = new WiredLink()
    const waiting = late.ask(2)
    late.link.expire(750)
    expect(late.closings).toEqual([])
    late.link.expire(751)
    expect(late.closings).toEqual(["no connection within 750 ms"])
    expect(waiting.map(({ ends }) => ends)).toEqual([LOST, LOST])
    late.environment.advance(10)
    expect([late.received, late.isEnded, late.closings.length]).toEqual([[], true, 1])
  })

  test("when nothing listens there", () => {
    const wired = new WiredLink()
    wired.network.refuse(LINK_ADDRESS)
    const waiting = wired.ask(1)
    wired.environment.advance(5)
    expect([wired.closings, waiting[0]!.ends]).toEqual([["nothing listens there"], LOST])
  })

  test("when its oldest request has had no answer for too long, all of them told once", () => {
    const wired = connected()
    const [timedOut, waiting] = [wired.ask(2), wired.ask(3, 10 * STALL_MS)]
    wired.pass(STALL_MS)
    expect(timedOut.map(({ ends }) => ends)).toEqual(Array(2).fill([`lost ${Status.TIMEOUT} 1000`]))
    expect([wired.closings, waiting.flatMap(({ ends }) => ends)]).toEqual([[], []])
    wired.pass(20)
    expect(wired.closings).toEqual([`no answer within ${STALL_MS} ms`])
    expect(waiting.map(({ ends }) => ends)).toEqual([LOST, LOST, LOST])
    expect(timedOut.map(({ ends }) => ends.length)).toEqual([1, 1])
  })

  test("never for being slow, as long as answers come", () => {
    const wired = connected()
    for (let i = 0; i < 20; i++) {
      wired.ask(1, 10_000)
      wired.pass(STALL_MS / 2)
      if (i > 0) wired.wire.send(responseBytes(0, 1n))
    }
    expect(wired.closings).toEqual([])
  })

  test("by whoever closes it, and says so once", () => {
    const wired = connected()
    const waiting = wired.ask(2)
    wired.link.close("enough")
    wired.link.close("enough again")
    wired.environment.advance(5)
    expect([wired.closings, wired.isEnded]).toEqual([["enough"], true])
    expect(waiting.map(({ ends }) => ends)).toEqual([LOST, LOST])
    expect(wired.link.send(2, 1, 1, new Waiting(), 0, 1)).toBe(false)
  })

  test("when its connection is lost, and its owner hears before its requests do", () => {
    const wired = connected()
    const order: string[] = []
    const lost = (): void => void order.push(...wired.closings, "request")
    const owner = { wanted: 1, answered: () => {}, lost }
    wired.link.send(2, 1, 1, owner, 0, 1_000)
    wired.wire.lose("reset")
    expect(order).toEqual(["reset", "request"])
  })
})

test("a link that is closed by what an answer leads to reads no further", () => {
  const wired = connected()
  const owner = { wanted: 1, answered: () => wired.link.close("distrusted"), lost: () => {} }
  wired.link.send(2, 1, 1, owner, 0, 1_000)
  const waiting = wired.ask(2)
  wired.environment.advance(2)
  wired.wire.send(new Uint8Array(27))
  wired.environment.advance(5)
  expect(waiting.map(({ ends }) => ends)).toEqual([LOST, LOST])
  expect(wired.closings).toEqual(["distrusted"])
})
