import { describe, expect, test } from "bun:test"
import { decodeId } from "../../protocol/index.ts"
import { ListenError } from "../../server/net/address.ts"
import { until, within } from "../support/deadline.ts"
import { LoneNode } from "../support/lone-node.ts"
import { SOME_TIME } from "../support/virtual-environment.ts"

const REASON = "the process at 10.0.0.9:7000 has taken over node id 7"
const UNREADY = `identity lost: ${REASON}`
/** The mark that a start at `SOME_TIME` stores. */
const BOUND = SOME_TIME + 3_000
const LOG_LINE = `error identity-lost ${UNREADY}; ids go on up to the mark stored last, and no further`

describe("a node whose identity is lost", () => {
  test("is unready at once, with the reason, and logs it once", async () => {
    const lone = new LoneNode()
    const node = await lone.start()
    expect([lone.get("/readyz"), lone.unready]).toEqual(["200 ready", null])
    lone.store.lose(REASON)
    expect(lone.get("/readyz")).toBe(`503 ${UNREADY}`)
    expect(lone.unready).toBe(UNREADY)
    expect(lone.log.texts()).toEqual([LOG_LINE])
    expect(lone.log.lines[0]).toMatchObject({ event: "identity-lost", reason: REASON })
    await lone.stop(node)
  })

  test("gives out the ids below its bound, none past it, and then answers NOT_READY", async () => {
    const lone = new LoneNode()
    const node = await lone.start()
    lone.store.lose(REASON)
    lone.environment.advance(2_998)
    const times: number[] = []
    let answer = ""
    for (let asked = 0; asked < 4; asked++) {
      answer = lone.get("/lunique?n=4096")
      if (!answer.startsWith("200 ")) break
      times.push(
        ...answer
          .slice(4)
          .split("\n")
          .map((id) => decodeId(id).time),
      )
    }
    expect(answer).toStartWith("503 NOT_READY")
    expect([times.length > 0, Math.max(...times)]).toEqual([true, BOUND - 1])
    lone.environment.advance(60_000)
    expect(lone.get("/lunique")).toStartWith("503 NOT_READY")
    expect(lone.get("/readyz")).toBe(`503 ${UNREADY}`)
    expect(lone.store.asked).toEqual([BOUND])
    expect(lone.log.texts()).toEqual([LOG_LINE, `error not-ready ${UNREADY}`])
    await lone.stop(node)
  })

  test("asks to be stopped two seconds later, and not before", async () => {
    const lone = new LoneNode()
    const node = await lone.start()
    lone.store.lose(REASON)
    // It finds out at its next look, which it takes four times a second.
    lone.environment.advance(2_000)
    expect(Bun.peek.status(node.identityLost)).toBe("pending")
    lone.environment.advance(250)
    expect(await within("the news", node.identityLost)).toBe(REASON)
    await lone.stop(node)
  })

  test("leaves the mark alone as it stops", async () => {
    const lone = new LoneNode()
    const node = await lone.start()
    lone.store.lose(REASON)
    await lone.stop(node)
    expect([lone.store.closedWith, lone.store.mark]).toEqual([[undefined], BOUND])
  })

  test("knows it also when it was lost as the first mark was being stored", async () => {
    const lone = new LoneNode()
    lone.store.latency = "hangs"
    const starting = lone.start()
    await until("the first mark", () => lone.store.isWriting)
    lone.store.lose(REASON)
    lone.store.settle()
    const node = await within("the start", starting)
    expect(lone.get("/readyz")).toBe(`503 ${UNREADY}`)
    await lone.stop(node)
    expect(lone.store.closedWith).toEqual([undefined])
  })

  test("leaves the mark alone when its start fails", async () => {
    const lone = new LoneNode()
    const listen = (): never => {
      lone.store.lose(REASON)
      throw new Error("the port is taken")
    }
    const error = await lone.start({ listen }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ListenError)
    expect([lone.store.closedWith, lone.store.mark]).toEqual([[undefined], BOUND])
  })
})

test("a node that keeps its identity stores the exact mark as it stops", async () => {
  const lone = new LoneNode()
  const node = await lone.start()
  lone.environment.advance(60_000)
  expect(Bun.peek.status(node.identityLost)).toBe("pending")
  await lone.stop(node)
  expect([lone.store.closedWith, lone.store.mark]).toEqual([[0], 0])
})
