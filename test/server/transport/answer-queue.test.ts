import { expect, test } from "bun:test"
import fc from "fast-check"
import { ClientExchange } from "../../../server/transport/dialect.ts"
import { AnswerQueue, QUEUE_MAX } from "../../../server/transport/answer-queue.ts"

function request(name: number, isPending: boolean): ClientExchange {
  return Object.assign(new ClientExchange(), { high: name, isPending })
}

test("answers leave in the order they were put in, each when it has come", () => {
  const plans = fc.array(
    fc.record({ put: fc.nat({ max: 30 }), come: fc.array(fc.nat({ max: 40 })), take: fc.nat() }),
    { maxLength: 40 },
  )
  fc.assert(
    fc.property(plans, (plan) => {
      const queue = new AnswerQueue()
      const model: { name: number; exchange: ClientExchange }[] = []
      let name = 0
      for (const { put, come, take } of plan) {
        for (let i = 0; i < put; i++, name++) {
          const exchange = request(name, true)
          queue.push(exchange)
          model.push({ name, exchange })
        }
        for (const at of come) if (model[at]) model[at].exchange.isPending = false
        for (let i = 0; i < take % 50; i++) {
          const expected = model[0]?.exchange.isPending === false ? model.shift()?.name : undefined
          expect(queue.shiftAnswered()?.high).toBe(expected)
        }
        expect(queue.isEmpty).toBe(model.length === 0)
      }
    }),
  )
})

test("a queue that never gets empty goes on for ever", () => {
  const queue = new AnswerQueue()
  for (let i = 0; i < 100; i++) queue.push(request(i, false))
  for (let i = 100; i < 5 * QUEUE_MAX; i++) {
    queue.push(request(i, false))
    expect(queue.shiftAnswered()?.high).toBe(i - 100)
  }
  for (let i = 0; i < 99; i++) queue.shiftAnswered()
  expect([queue.isEmpty, queue.isFull]).toEqual([false, false])
  queue.shiftAnswered()
  expect(queue.isEmpty).toBe(true)
})

test("a queue is full with as many as it may hold, wherever it begins", () => {
  const queue = new AnswerQueue()
  for (const taken of [0, 7]) {
    for (let i = 0; i < taken; i++) queue.shiftAnswered()
    for (let i = 0; i < (taken || QUEUE_MAX); i++) {
      expect(queue.isFull).toBe(false)
      queue.push(request(i, false))
    }
    expect(queue.isFull).toBe(true)
  }
})
