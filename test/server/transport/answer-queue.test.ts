import { expect, test } from "bun:test"
import fc from "fast-check"
import { AnswerQueue, PENDING_MAX } from "../../../server/transport/answer-queue.ts"

interface Place {
  done: boolean
  readonly status: number
  readonly high: number
  readonly low: number
}

function place(name: number, done: boolean): Place {
  return { done, status: 0, high: name, low: 0 }
}

test("answers leave in the order they were put in, each when it has come", () => {
  const plans = fc.array(
    fc.record({ put: fc.nat({ max: 30 }), come: fc.array(fc.nat({ max: 40 })), take: fc.nat() }),
    { maxLength: 40 },
  )
  fc.assert(
    fc.property(plans, (plan) => {
      const queue = new AnswerQueue()
      const model: { name: number; answer: Place }[] = []
      let name = 0
      for (const { put, come, take } of plan) {
        for (let i = 0; i < put; i++, name++) {
          const answer = place(name, false)
          queue.push(answer)
          model.push({ name, answer })
        }
        for (const at of come) if (model[at]) model[at].answer.done = true
        for (let i = 0; i < take % 50; i++) {
          const expected = model[0]?.answer.done === true ? model.shift()?.name : undefined
          expect(queue.shiftDone()?.high).toBe(expected)
        }
        expect(queue.size).toBe(model.length)
      }
    }),
  )
})

test("a queue that never gets empty goes on for ever", () => {
  const queue = new AnswerQueue()
  for (let i = 0; i < 100; i++) queue.push(place(i, true))
  for (let i = 100; i < 5 * PENDING_MAX; i++) {
    queue.push(place(i, true))
    expect(queue.shiftDone()?.high).toBe(i - 100)
  }
  expect(queue.size).toBe(100)
})
