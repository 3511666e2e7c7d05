import { expect, test } from "bun:test"
import fc from "fast-check"
import type { Call } from "../../client-sdk/call.ts"
import { outcomeOf } from "../support/firn-failure.ts"
import { Prefetching } from "../support/prefetching.ts"

type Step =
  | { readonly kind: "take"; readonly times: number }
  | { readonly kind: "wait"; readonly timeoutMs: number }
  | { readonly kind: "answer" | "fail"; readonly which: number }
  | { readonly kind: "pass"; readonly ms: number }

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("take"), times: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ kind: fc.constant("wait"), timeoutMs: fc.integer({ min: 1, max: 100 }) }),
  fc.record({ kind: fc.constantFrom("answer", "answer", "fail"), which: fc.nat(9) }),
  fc.record({ kind: fc.constant("pass"), ms: fc.integer({ min: 1, max: 60 }) }),
)

interface Waiting {
  readonly number: number
  readonly deadlineMs: number
}

/** The same with one list of ids and one of calls, which is too plain to be wrong. */
class NaivePrefetch {
  ids: { readonly id: number; readonly staleAtMs: number }[] = []
  waiting: Waiting[] = []
  /** What became of each call that waited. */
  readonly outcomes: (number | string | undefined)[] = []

  take(nowMs: number): number | undefined {
    while (this.ids[0] !== undefined && this.ids[0].staleAtMs <= nowMs) this.ids.shift()
    return this.ids.shift()?.id
  }

  wait(deadlineMs: number): void {
    this.waiting.push({ number: this.outcomes.push(undefined) - 1, deadlineMs })
  }

  arrived(first: number, count: number, staleAtMs: number): void {
    for (let id = first; id < first + count; id++) {
      const call = this.waiting.shift()
      if (call === undefined) this.ids.push({ id, staleAtMs })
      else this.outcomes[call.number] = id
    }
  }

  /** No block is on its way any more. */
  missed(): void {
    for (const { number } of this.waiting.splice(0)) this.outcomes[number] = "asks for itself"
  }

  timePassed(nowMs: number): void {
    for (const { number, deadlineMs } of this.waiting) {
      if (deadlineMs <= nowMs) this.outcomes[number] = "TIMEOUT"
    }
    this.waiting = this.waiting.filter(({ deadlineMs }) => deadlineMs > nowMs)
  }
}

/** Does the same to both, and compares what comes out of them. */
class Run {
  readonly #size: number
  readonly #ttlMs: number
  readonly #real: Prefetching
  readonly #model = new NaivePrefetch()
  readonly #calls: Call<number>[] = []
  #nextId = 1

  constructor(size: number, ttlMs: number) {
    this.#size = size
    this.#ttlMs = ttlMs
    this.#real = new Prefetching(size, ttlMs)
  }

  async take(step: Step): Promise<void> {
    const real = this.#real
    if (step.kind === "take") {
      const nowMs = real.environment.monotonicMs()
      for (let i = 0; i < step.times; i++) expect(real.take()).toBe(this.#model.take(nowMs))
      this.#expectRefill()
    } else if (step.kind === "wait") {
      // As the client does: who gets one at once does not wait.
      const nowMs = real.environment.monotonicMs()
      const id = real.take()
      expect(id).toBe(this.#model.take(nowMs))
      if (id !== undefined) return
      this.#calls.push(real.wait(step.timeoutMs))
      this.#model.wait(nowMs + step.timeoutMs)
      this.#expectRefill()
    } else if (step.kind === "pass") {
      await real.pass(step.ms)
      this.#model.timePassed(real.environment.monotonicMs())
    } else await this.#end(step.which, step.kind)
    this.#expectOutcomes()
  }

  /** One of the requests under way is answered, or fails. */
  async #end(which: number, kind: "answer" | "fail"): Promise<void> {
    const real = this.#real
    const { length } = real.fetches
    if (length === 0) return
    const index = which % length
    const { count, askedAtMs } = real.fetches[index]!
    if (kind === "fail") {
      await real.fail(index)
      if (length === 1) this.#model.missed()
      return
    }
    const first = this.#nextId
    this.#nextId += count
    await real.answer(first, index)
    this.#model.arrived(first, count, askedAtMs + this.#ttlMs)
  }

  /** More than half of the ids are at hand or on their way, those for who waits not counted. */
  #expectRefill(): void {
    const underWay = this.#real.asked.reduce((sum, count) => sum + count, 0)
    const spare = this.#model.ids.length + underWay - this.#model.waiting.length
    // More than it was told to keep, once all of that was used up.
    const { size } = this.#real.prefetch.stats
    expect(size).toBeGreaterThanOrEqual(this.#size)
    expect(spare).toBeGreaterThan(size / 2)
    expect(spare - size).toBeLessThanOrEqual(this.#model.outcomes.length)
  }

  #expectOutcomes(): void {
    const { dispatched } = this.#real
    const outcomes = this.#calls.map((call) => {
      return dispatched.includes(call) ? "asks for itself" : outcomeOf(call)
    })
    expect(outcomes).toEqual(this.#model.outcomes)
  }
}

test("ids fetched ahead are given out as from a plain list, whatever comes and goes", async () => {
  const sizes = fc.constantFrom(1, 2, 7, 20)
  const ttls = fc.constantFrom(1, 30, 100)
  await fc.assert(
    fc.asyncProperty(sizes, ttls, fc.array(steps, { maxLength: 50 }), async (size, ttlMs, plan) => {
      const run = new Run(size, ttlMs)
      for (const step of plan) await run.take(step)
    }),
    { numRuns: 300 },
  )
})
