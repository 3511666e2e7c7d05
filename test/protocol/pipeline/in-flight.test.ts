import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { InFlight } from "../../../protocol/pipeline/in-flight.ts"

interface Request {
  readonly name: number
}

interface Entry {
  owner: Request | undefined
  readonly sentAtMs: number
  readonly deadlineMs: number
}

function request(name: number): Request {
  return { name }
}

/** The same with an array, which is too plain to be wrong. */
class NaiveInFlight {
  readonly entries: Entry[] = []
  readonly max: number

  constructor(max: number) {
    this.max = max
  }

  push(owner: Request, sentAtMs: number, deadlineMs: number): boolean {
    if (this.entries.length >= this.max) return false
    this.entries.push({ owner, sentAtMs, deadlineMs })
    return true
  }

  expire(nowMs: number, expired: (owner: Request, sentAtMs: number) => void): void {
    for (const entry of this.entries.slice()) {
      if (entry.owner === undefined || entry.deadlineMs > nowMs) continue
      const { owner } = entry
      entry.owner = undefined
      expired(owner, entry.sentAtMs)
    }
  }

  earliestDeadlineMs(): number {
    const waiting = this.entries.filter(({ owner }) => owner !== undefined)
    return Math.min(...waiting.map(({ deadlineMs }) => deadlineMs))
  }
}

type Step =
  | { readonly kind: "push"; readonly count: number; readonly limitMs: number }
  | { readonly kind: "shift"; readonly count: number }
  | { readonly kind: "expire" | "expire and push"; readonly passMs: number }

const counts = fc.integer({ min: 1, max: 150 })
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("push"), count: counts, limitMs: fc.integer({ min: 0, max: 20 }) }),
  fc.record({ kind: fc.constant("shift"), count: counts }),
  fc.record({
    kind: fc.constantFrom("expire", "expire and push"),
    passMs: fc.integer({ min: 0, max: 10 }),
  }),
)

/** Does the same to both. @returns what came out of each */
function run(max: number, plan: readonly Step[]): [unknown[], unknown[]] {
  const [ring, model] = [new InFlight<Request>(max), new NaiveInFlight(max)]
  const [seen, expected]: [unknown[], unknown[]] = [[], []]
  let [name, nowMs] = [0, 0]
  for (const step of plan) {
    if (step.kind === "push") {
      for (let i = 0; i < step.count; i++, name++) {
        seen.push(ring.push(request(name), nowMs, nowMs + step.limitMs))
        expected.push(model.push(request(name), nowMs, nowMs + step.limitMs))
      }
    } else if (step.kind === "shift") {
      for (let i = 0; i < step.count && model.entries.length > 0; i++) {
        seen.push(ring.shift()?.name)
        expected.push(model.entries.shift()?.owner?.name)
      }
    } else {
      nowMs += step.passMs
      for (const [into, log] of [[ring, seen] as const, [model, expected] as const]) {
        into.expire(nowMs, (owner, sentAtMs) => {
          log.push([owner.name, sentAtMs])
          if (step.kind === "expire") return
          log.push(into.push(request(-owner.name), nowMs, nowMs))
        })
      }
    }
    seen.push(ring.size, ring.oldestMs, ring.earliestDeadlineMs())
    expected.push(model.entries.length, model.entries[0]?.sentAtMs ?? Infinity)
    expected.push(model.earliestDeadlineMs())
  }
  return [seen, expected]
}

describe("requests in flight", () => {
  test("are as in a plain list, whatever comes and goes", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(64, 128, 512),
        fc.array(steps, { maxLength: 40 }),
        (max, plan) => {
          const [seen, expected] = run(max, plan)
          expect(seen).toEqual(expected)
        },
      ),
      { numRuns: 500 },
    )
  })

  test("are kept in order as their room grows to its bound, and no further", () => {
    const inFlight = new InFlight<Request>(1_024)
    for (let i = 0; i < 40; i++) inFlight.push(request(-1), 0, 1)
    for (let i = 0; i < 40; i++) inFlight.shift()
    for (let i = 0; i < 1_024; i++) expect(inFlight.push(request(i), i, 1)).toBe(true)
    expect(inFlight.push(request(9_999), 0, 1)).toBe(false)
    expect([inFlight.size, inFlight.oldestMs]).toEqual([1_024, 0])
    for (let i = 0; i < 1_024; i++) expect(inFlight.shift()?.name).toBe(i)
    expect([inFlight.size, inFlight.oldestMs]).toEqual([0, Infinity])
  })

  test("keep their places when they have timed out, and are told once", () => {
    const inFlight = new InFlight<Request>(64)
    for (let i = 0; i < 4; i++) inFlight.push(request(i), 10, i % 2 === 0 ? 20 : 30)
    const expired: number[] = []
    const note = (owner: Request): unknown => expired.push(owner.name)
    inFlight.expire(19, note)
    expect(expired).toEqual([])
    inFlight.expire(20, note)
    inFlight.expire(25, note)
    expect(expired).toEqual([0, 2])
    expect([inFlight.size, inFlight.oldestMs]).toEqual([4, 10])
    const owners = Array.from({ length: 4 }, () => inFlight.shift()?.name)
    expect(owners).toEqual([undefined, 1, undefined, 3])
  })

  test("that are pushed by one that timed out, the room growing, leave the rest in step", () => {
    const inFlight = new InFlight<Request>(128)
    for (let i = 0; i < 30; i++) inFlight.push(request(-1), 0, 0)
    for (let i = 0; i < 30; i++) inFlight.shift()
    for (let i = 0; i < 64; i++) inFlight.push(request(i), 0, 5)
    const expired: number[] = []
    inFlight.expire(5, (owner) => {
      expired.push(owner.name)
      inFlight.push(request(100), 5, 5)
    })
    expect(expired).toEqual(Array.from({ length: 64 }, (_, i) => i))
    expect(inFlight.size).toBe(128)
  })
})
