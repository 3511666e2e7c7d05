import { expect, test } from "bun:test"
import fc from "fast-check"
import { Flow } from "../../../server/generator/flow.ts"
import { FlowHeap } from "../../../server/generator/flow-heap.ts"

function flowOf(finish: number, wanted: number): Flow {
  const flow = new Flow({ wanted, resume() {}, giveUp() {} })
  return Object.assign(flow, { finish, wanted })
}

test("gives out flows by their finish, the first added of equals first, whatever leaves between", () => {
  const steps = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ add: fc.nat({ max: 20 }), wanted: fc.nat({ max: 9 }) }) },
      { weight: 1, arbitrary: fc.record({ remove: fc.nat() }) },
      { weight: 1, arbitrary: fc.constant("first" as const) },
    ),
    { maxLength: 200 },
  )
  fc.assert(
    fc.property(steps, (script) => {
      const heap = new FlowHeap()
      // The oracle: a list in the order of adding, sorted anew for each look.
      const list: Flow[] = []
      const remove = (flow: Flow): void => {
        heap.remove(flow)
        list.splice(list.indexOf(flow), 1)
        expect(flow.place).toBe(-1)
      }
      for (const step of script) {
        const sorted = list.toSorted((a, b) => a.finish - b.finish)
        expect(heap.first).toBe(sorted[0] as Flow)
        expect([heap.size, heap.wanted]).toEqual([
          list.length,
          list.reduce((sum, { wanted }) => sum + wanted, 0),
        ])
        if (step === "first") {
          if (sorted[0] !== undefined) remove(sorted[0])
        } else if ("add" in step) {
          const flow = flowOf(step.add, step.wanted)
          heap.add(flow)
          list.push(flow)
        } else if (list.length > 0) remove(list[step.remove % list.length]!)
      }
      expect([...heap].length).toBe(list.length)
    }),
  )
})

test("looks for one that fits among the next only", () => {
  const heap = new FlowHeap()
  for (let i = 0; i < 100; i++) heap.add(flowOf(i, i))
  expect(heap.find(({ wanted }) => wanted === 5)?.wanted).toBe(5)
  expect(heap.find(({ wanted }) => wanted === 99)).toBeUndefined()
})
