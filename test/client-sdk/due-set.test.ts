import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { Call } from "../../client-sdk/call.ts"
import { LOCAL } from "../../client-sdk/call-options.ts"
import { DueSet } from "../../client-sdk/due-set.ts"
import { halvesToNumber } from "../../protocol/index.ts"
import { VirtualClientEnvironment } from "../support/virtual-client-environment.ts"

function newCall(): Call {
  const options = { target: LOCAL, timeoutMs: 1, signal: undefined }
  return new Call(options, 1, Infinity, halvesToNumber, { settled() {} })
}

type Step =
  | { readonly kind: "add"; readonly delayMs: number; readonly againMs: number }
  | { readonly kind: "delete"; readonly which: number }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "takeAll" }

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("add"),
      delayMs: fc.integer({ min: -5, max: 50 }),
      // Above 0: it is put back as its moment has come, for so long.
      againMs: fc.integer({ min: -50, max: 50 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete"), which: fc.nat(20) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("pass"), ms: fc.integer({ min: 0, max: 30 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("takeAll") }) },
)

interface Entry {
  readonly name: number
  readonly call: Call
  readonly againMs: number
  readonly dueMs: number
}

/** Does the same to a set and to a plain list. @returns what came due in each, and when */
function run(plan: readonly Step[]): [string[], string[]] {
  const environment = new VirtualClientEnvironment()
  const [seen, expected]: [string[], string[]] = [[], []]
  const byCall = new Map<Call, Entry>()
  let entries: Entry[] = []
  const set: DueSet = new DueSet(environment, (call) => {
    const { name, againMs } = byCall.get(call)!
    const nowMs = environment.monotonicMs()
    expect(call.place).toBeUndefined()
    seen.push(`${name} at ${nowMs}`)
    if (againMs > 0) set.add(call, nowMs + againMs)
  })
  const add = (entry: Entry): void => {
    byCall.set(entry.call, entry)
    entries.push(entry)
  }
  for (const [name, step] of plan.entries()) {
    const nowMs = environment.monotonicMs()
    if (step.kind === "add") {
      const entry = { name, call: newCall(), againMs: step.againMs, dueMs: nowMs + step.delayMs }
      add(entry)
      set.add(entry.call, entry.dueMs)
    } else if (step.kind === "delete") {
      const [entry] = entries.splice(step.which, 1)
      if (entry !== undefined) set.delete(entry.call)
    } else if (step.kind === "takeAll") {
      expect(set.takeAll()).toEqual(entries.map(({ call }) => call))
      entries = []
    } else {
      environment.environment.advance(step.ms)
      for (let atMs = nowMs; atMs <= nowMs + step.ms; atMs++) {
        const due = entries.filter(({ dueMs }) => dueMs <= atMs)
        entries = entries.filter(({ dueMs }) => dueMs > atMs)
        for (const entry of due) {
          expected.push(`${entry.name} at ${atMs}`)
          if (entry.againMs > 0) add({ ...entry, dueMs: atMs + entry.againMs })
        }
      }
    }
    expect(set.calls).toEqual(entries.map(({ call }) => call))
    expect(entries.every(({ call }) => call.place === set)).toBe(true)
    expect(set.size).toBe(entries.length)
    expect(environment.timers).toBe(entries.length > 0 ? 1 : 0)
  }
  return [seen, expected]
}

describe("calls that wait for their moment", () => {
  test("come due as from a plain list, each at its moment, with one timer for all", () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 60 }), (plan) => {
        const [seen, expected] = run(plan)
        expect(seen).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })

  test("may be taken out by one that came due before them at the same moment", () => {
    const environment = new VirtualClientEnvironment()
    const due: Call[] = []
    const [first, second] = [newCall(), newCall()]
    const set: DueSet = new DueSet(environment, (call) => {
      due.push(call)
      set.delete(second)
    })
    set.add(first, 10)
    set.add(second, 10)
    environment.environment.advance(20)
    expect(due).toEqual([first])
    expect([set.size, environment.timers]).toEqual([0, 0])
  })
})
